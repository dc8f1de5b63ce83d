import { type Command, Option } from 'commander';
import { writeFileAtomic } from '../../../src/base/index.js';
import { chooseRadiographs, describeSeen, seeRadiographs, viewPage } from '../../../src/browse/index.js';
import { indexRadiographs } from '../../../src/datasets/index.js';
import { radiographPreprocessing, studyAugmentation } from '../../../src/imaging/index.js';
import { integer } from '../../options.js';
import { note, print, printJson, table } from '../../output.js';
import { counting, Progress } from '../../progress.js';
import { addDatasetOptions, commaList, type DatasetFlags, datasetHelp, datasetOptions } from './dataset-options.js';

interface ViewFlags extends DatasetFlags {
  out?: string;
  count: number;
  ids?: string[];
  finding?: string;
  size?: number;
  channels?: true;
  config?: string;
  json?: true;
}

export function register(data: Command): void {
  const command = data
    .command('view')
    .description('draw what the network sees: original, preprocessed, augmented, side by side on one page');
  addDatasetOptions(command)
    .option('--out <file>', 'the page (default: <name>-view.html; with --json none unless named)')
    .addOption(
      new Option('--count <n>', 'how many radiographs, drawn by --seed').default(12).argParser(integer(1, 100)),
    )
    .addOption(
      new Option('--ids <ids>', 'these image ids, separated by commas').argParser(commaList).conflicts('finding'),
    )
    .option('--finding <name>', 'only radiographs positive for this finding, by published or shared name')
    .option('--size <pixels>', 'side of the preprocessed image (default: of --config, else 224)', integer(16, 1024))
    .option('--channels', "also draw the model's three input channels")
    .option(
      '--config <file>',
      "preprocess and augment as this experiment's fine-tuning does (default: as the study does)",
    )
    .option('--json', 'print what was looked at as one JSON document on standard output')
    .addHelpText(
      'after',
      `
An image that cannot be read keeps its place, with the reason.

${datasetHelp()}

Examples:
  hilum data view chestxray14 --root /data/ChestXray-NIHCC
  hilum data view chestxray14 --root /data/ChestXray-NIHCC --finding Effusion --count 20 --out effusion.html
  hilum data view chestxray14 --root /data/ChestXray-NIHCC --config my.yaml --channels
  hilum data view chestxray14 --root /data/ChestXray-NIHCC --ids 00000001_000.png,00000002_000.png --json`,
    )
    .action(view);
}

async function view(name: string, { out, json, config, channels, ...flags }: ViewFlags): Promise<void> {
  const input = config === undefined ? STUDY : await inputOf(config);
  const preprocessing = { ...input.preprocessing, size: flags.size ?? input.preprocessing.size };
  const dataset = indexRadiographs(name, datasetOptions(flags));
  const { ids, finding, count, seed } = flags;
  const chosen = chooseRadiographs(dataset, { ids, finding, count, seed });
  const line = counting(new Progress(), { name: `reading ${name}`, unit: 'images' });
  const radiographs = await seeRadiographs(chosen, preprocessing, line);
  const findings = dataset.findings.map((it) => it.name);
  const page = out ?? (json ? undefined : `${name}-view.html`);
  if (page !== undefined) {
    const { augmentation, statistics } = input;
    const html = await viewPage(radiographs, {
      name,
      findings,
      preprocessing,
      augmentation,
      seed,
      channels: channels && { statistics },
    });
    writeFileAtomic(page, html);
    note(`page: ${page}`);
  }
  const described = radiographs.map((radiograph) => describeSeen(radiograph, findings, preprocessing.size));
  if (json) {
    const { root } = dataset;
    printJson({
      name,
      root,
      preprocessing,
      augmentation: input.augmentation,
      seed,
      page: page ?? null,
      radiographs: described,
    });
  } else print(format(described));
}

const STUDY = { preprocessing: radiographPreprocessing, augmentation: studyAugmentation, statistics: null };

async function inputOf(config: string) {
  const { loadExperiment, networkInput } = await import('../../../src/experiments/index.js');
  return networkInput(loadExperiment(config).config);
}

function format(radiographs: ReturnType<typeof describeSeen>[]): string {
  const rows = radiographs.map((it) => {
    const positive = Object.entries(it.labels).flatMap(([finding, label]) => (label === 1 ? [finding] : []));
    const pixels = 'original' in it ? `${it.original.width} x ${it.original.height}` : '';
    return [it.id, it.split, it.view ?? '', pixels, positive.join(', ')];
  });
  const unreadable = radiographs.flatMap((it) =>
    'original' in it ? [] : [`cannot be read: ${it.id}: ${it.unreadable}\n`],
  );
  return [table([['image', 'split', 'view', 'pixels', 'positive'], ...rows]), ...unreadable].join('');
}
