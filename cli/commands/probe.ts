import { type Command, InvalidArgumentError } from 'commander';
import { inputError, writeFileAtomic } from '../../src/base/index.js';
import { openPictures, openRadiographs, pictureDatasets, radiographDatasets } from '../../src/datasets/index.js';
import {
  differencesTable,
  FeatureCache,
  featureCacheFolder,
  type ProbeData,
  type ProbeResult,
  pictureProbe,
  probePage,
  probeWeights,
  radiographProbe,
  scoresTable,
} from '../../src/features/index.js';
import { counted } from '../../src/pages/index.js';
import { setThreads } from '../../src/torch/index.js';
import { integer } from '../options.js';
import { note, print, printJson, textTable } from '../output.js';
import { Progress, type Task } from '../progress.js';
import { addDatasetOptions, type DatasetFlags, datasetOptions } from './data/dataset-options.js';
import {
  addNetworkOptions,
  collected,
  type NetworkFlags,
  PREPROCESSING_HELP,
  WEIGHTS_ARGUMENT,
} from './weights/options.js';

interface ProbeFlags extends NetworkFlags, DatasetFlags {
  weights: string[];
  knn?: number[];
  standardize?: true;
  limit?: number;
  redraws: number;
  cache: string | boolean;
  strict?: true;
  out?: string;
  json?: true;
}

export function register(program: Command): void {
  const command = program
    .command('probe')
    .description('judge weights before any fine-tuning: nearest neighbours and a linear probe on frozen features');
  addDatasetOptions(command, [...Object.keys(radiographDatasets), ...Object.keys(pictureDatasets)]).requiredOption(
    '--weights <which>',
    `${WEIGHTS_ARGUMENT}; several times to compare`,
    collected,
  );
  addNetworkOptions(command, 'study for radiographs, published for pictures')
    .option(
      '--knn <numbers>',
      'neighbours, of which validation chooses (default: 10,20,100, as far as there are images)',
      counts,
    )
    .option('--standardize', 'give the linear probe features of mean 0 and variance 1')
    .option('--limit <n>', 'at most so many images per split, drawn by --seed', integer(1))
    .option('--redraws <n>', 'redraws of the bootstrap', integer(100, 1_000_000), 1000)
    .option('--cache <folder>', 'where features are kept (default: hilum/features in $XDG_CACHE_HOME or ~/.cache)')
    .option('--no-cache', 'keep no features')
    .option('--out <file.html>', 'also write a page: tables, regularization paths, findings')
    .option('--strict', 'stop at the first image that cannot be read, instead of leaving it out')
    .option('--json', 'print one JSON document on standard output')
    .addHelpText(
      'after',
      `
Nearest neighbours vote by cosine similarity with weights softmax(similarity / 0.07); the linear probe is a logistic
regression per finding with 45 values of C from 1e-6 to 1e5, as in DINOv2's evaluation. Both are fitted on the training
split; C and k are chosen on validation; scores are of the test split: mean AUROC over findings, with 95 % intervals by
bootstrap of patients, or accuracy for pictures in classes, whose splits (70, 10, 20 %) are drawn by --seed.
Features are kept, so that a second run is done at once.

${PREPROCESSING_HELP}

Data sets:
${[...Object.entries(radiographDatasets), ...Object.entries(pictureDatasets)].map(([name, text]) => `  ${name}: ${text}`).join('\n')}

Examples:
  hilum probe chestxray14 --root /data/ChestXray-NIHCC --weights dinov2-base --weights random:base --limit 5000
  hilum probe chestxray14 --root /data/ChestXray-NIHCC --weights a.safetensors --weights b.pth --out probe.html
  hilum probe folder --root /data/imagenet-val --weights dinov2-small --knn 10,20 --json`,
    )
    .action(probe);
}

async function probe(name: string, flags: ProbeFlags): Promise<void> {
  const { weights, size, input, interpolation, output, layers, batchSize, precision, device, threads, seed } = flags;
  const pictures = Object.hasOwn(pictureDatasets, name);
  const { preprocessing = pictures ? 'published' : 'study', cache } = flags;
  const data = openData(name, flags, pictures);
  if (threads !== undefined) setThreads(threads);
  const progress = new Progress();
  const tasks = new Map<string, Task>();
  const result = await probeWeights({
    data,
    weights,
    network: { size, input: input?.statistics, preprocessing, interpolation, device, seed },
    extract: { output, layers, batchSize, precision, device, strict: flags.strict },
    ks: flags.knn,
    standardize: flags.standardize,
    redraws: flags.redraws,
    seed,
    cache: new FeatureCache(cache === false ? null : typeof cache === 'string' ? cache : featureCacheFolder()),
    onProgress: (step, unit, done, total) => {
      const task = tasks.get(step) ?? progress.start({ name: step, total, unit });
      tasks.set(step, task);
      task.update(done);
      if (done === total) task.end();
    },
  }).finally(() => progress.clear());
  if (flags.out !== undefined) {
    writeFileAtomic(flags.out, probePage(result));
    note(`page: ${flags.out}`);
  }
  for (const text of result.data.notes) note(`note: ${text}`);
  if (result.unreadable.length > 0) {
    const { unreadable } = result;
    const shown = unreadable.slice(0, 10).join(', ') + (unreadable.length > 10 ? ', … (--json lists all)' : '');
    note(`warning: left out: ${counted(unreadable.length, 'image')} that cannot be read: ${shown}`);
  }
  if (flags.json) printJson(result);
  else print(format(result));
}

/** Options that mean nothing for pictures. */
const OF_RADIOGRAPHS = [
  'findings',
  'description',
  'labels',
  'views',
  'uncertain',
  'validationFraction',
  'testFraction',
] as const;

function openData(name: string, flags: ProbeFlags, pictures: boolean): ProbeData {
  const { seed, limit } = flags;
  const ignored = pictures ? OF_RADIOGRAPHS.find((option) => flags[option] !== undefined) : undefined;
  if (ignored) {
    throw inputError({
      what: `${name}: ${ignored}`,
      found: `${flags[ignored]}`,
      expected: 'no such option, which is of radiographs',
      fix: 'Leave it out.',
    });
  }
  if (pictures) return pictureProbe(openPictures(name, { root: flags.root, labels: true }), { seed, limit });
  return radiographProbe(openRadiographs(name, datasetOptions(flags)), { seed, limit });
}

function format(result: ProbeResult): string {
  const { train, validate, test } = result.images;
  const scores = scoresTable(result);
  const tables = [scores, ...(result.weights.length > 1 ? [differencesTable(result)] : [])];
  const sizes = `${result.data.name}: ${train} images to train, ${validate} to validate, ${test} to test`;
  return `${sizes}\n\n${tables.map((it) => `${it.title}\n${textTable(it)}${it.notes.map((text) => `${text}\n`).join('')}`).join('\n')}`;
}

function counts(text: string): number[] {
  const values = text.split(',').map((word) => (/^\s*\d+\s*$/.test(word) ? Number(word) : 0));
  if (values.every((value) => value >= 1)) return [...new Set(values)].sort((a, b) => a - b);
  throw new InvalidArgumentError('Expected numbers of neighbours from 1, such as 10,20,100.');
}
