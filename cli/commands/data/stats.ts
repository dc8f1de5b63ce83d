import type { Command } from 'commander';
import { writeFileAtomic } from '../../../src/base/index.js';
import { drawContactSheet, type ImageSample, statisticsPage, statisticsTable } from '../../../src/browse/index.js';
import { type DatasetStatistics, datasetStatistics, indexRadiographs } from '../../../src/datasets/index.js';
import { note, print, printJson, textTable } from '../../output.js';
import { counting, Progress } from '../../progress.js';
import { addDatasetOptions, addIndexOnly, type DatasetFlags, datasetHelp, datasetOptions } from './dataset-options.js';

interface StatsFlags extends DatasetFlags {
  html?: string;
  json?: true;
}

export function register(data: Command): void {
  const command = data
    .command('stats')
    .description('count radiographs per split, finding, view, sex and age, and patients; draw them on a page');
  addIndexOnly(addDatasetOptions(command))
    .option('--html <file>', 'also write a page: histograms, findings that come together, sample radiographs')
    .option('--json', 'print one JSON document on standard output')
    .addHelpText(
      'after',
      `
A few images per finding, drawn by --seed, are opened for their sizes and for the page; with --index-only none is.
Shares are of the radiographs of a split; those of findings are of the radiographs whose label is known.

${datasetHelp()}

Examples:
  hilum data stats chestxray14 --root /data/ChestXray-NIHCC
  hilum data stats chestxray14 --root /data/ChestXray-NIHCC --html chestxray14.html
  hilum data stats chestxray14 --root /data/tables-alone --index-only --json > stats.json`,
    )
    .action(stats);
}

async function stats(name: string, { html, json, ...flags }: StatsFlags): Promise<void> {
  const dataset = indexRadiographs(name, datasetOptions(flags));
  const statistics = datasetStatistics(dataset);
  const line = counting(new Progress(), { name: `opening a sample of ${name}`, unit: 'images' });
  const sheet = flags.indexOnly ? undefined : await drawContactSheet(dataset, { seed: flags.seed, ...line });
  if (html !== undefined) {
    writeFileAtomic(html, statisticsPage(statistics, sheet));
    note(`page: ${html}`);
  }
  if (json) printJson({ ...statistics, sample: sheet?.sample ?? null });
  else print(format(statistics, sheet?.sample));
}

function format(statistics: DatasetStatistics, sample?: ImageSample): string {
  const { name, root, rowsWithoutImage, imagesWithoutRow, patientsInTwoSplits, notes } = statistics;
  const lines = [
    ...(sample?.formats ?? []).map(({ width, height, bits, images }) => {
      return `${images} of ${sample!.read} sampled images: ${width} x ${height} pixels, ${bits} bits`;
    }),
    ...(sample?.unreadable ?? []).map(({ id, reason }) => `cannot be read: ${id}: ${reason}`),
    `rows without image: ${rowsWithoutImage}`,
    `images without row: ${imagesWithoutRow}`,
    `patients in two splits: ${patientsInTwoSplits}`,
    ...notes.map((text) => `note: ${text}`),
  ];
  return `${name} in ${root}\n\n${textTable(statisticsTable(statistics))}\n${lines.join('\n')}\n`;
}
