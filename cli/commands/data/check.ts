import type { Command } from 'commander';
import { splitTable } from '../../../src/browse/index.js';
import { checkRadiographs, type DatasetCheck, indexRadiographs } from '../../../src/datasets/index.js';
import { note, print, printJson, textTable } from '../../output.js';
import { Progress } from '../../progress.js';
import { addDatasetOptions, addIndexOnly, type DatasetFlags, datasetHelp, datasetOptions } from './dataset-options.js';

interface CheckFlags extends DatasetFlags {
  json?: true;
}

/** How many of each kind of problem people see; --json holds them all. */
const SHOWN = 10;

export function register(data: Command): void {
  const command = data
    .command('check')
    .description(
      'count images, patients and findings per split; list unreadable images, rows without image, images without row, and patients in two splits',
    );
  addIndexOnly(addDatasetOptions(command))
    .option('--json', 'print one JSON document on standard output')
    .addHelpText(
      'after',
      `
${datasetHelp()}

Exit codes: 0 nothing is wrong; 1 an image cannot be read or a patient is in two splits; 2 the data set cannot be opened.
Rows without image and images without row are counted but are no fault: a part of a data set has them.

Examples:
  hilum data check chestxray14 --root /data/ChestXray-NIHCC
  hilum data check chestxray14 --root /data/ChestXray-NIHCC --json > check.json
  hilum data check chexpert --root /data/CheXpert-v1.0-small --uncertain ignore --index-only`,
    )
    .action(check);
}

async function check(name: string, flags: CheckFlags): Promise<void> {
  const dataset = indexRadiographs(name, datasetOptions(flags));
  const progress = new Progress();
  const images = flags.indexOnly ? 0 : new Set(dataset.radiographs.map(({ id }) => id)).size;
  const task = progress.start({ name: `decoding ${name}`, total: images, unit: 'images' });
  const decode = !flags.indexOnly;
  const result = await checkRadiographs(dataset, { decode, onProgress: (done) => task.update(done) });
  task.end();
  if (flags.json) printJson(result);
  else print(format(result));
  if (result.unreadable.length > 0 || result.patientsInTwoSplits.patients > 0) {
    note('error: this data set has problems that change results; see above.');
    process.exitCode = 1;
  }
}

function format(result: DatasetCheck): string {
  const { name, root, splits, unreadable, rowsWithoutImage, imagesWithoutRow, patientsInTwoSplits, notes } = result;
  const problems = [
    listed(
      'unreadable images',
      unreadable.map(({ id, reason }) => `${id}: ${reason}`),
    ),
    listed('rows without image', rowsWithoutImage),
    listed('images without row', imagesWithoutRow),
    `patients in two splits: ${patientsInTwoSplits.patients}`,
    ...(patientsInTwoSplits.patients > 0 ? [listed('  their images', patientsInTwoSplits.images)] : []),
  ];
  return `${name} in ${root}\n\n${textTable(splitTable(splits))}\n${[...problems, ...notes.map((text) => `note: ${text}`)].join('\n')}\n`;
}

function listed(title: string, items: string[]): string {
  const more = items.length > SHOWN ? [`    and ${items.length - SHOWN} more (--json lists all)`] : [];
  const shown = items.slice(0, SHOWN).map((item) => `    ${item}`);
  return [`${title}: ${items.length.toLocaleString('en-US')}`, ...shown, ...more].join('\n');
}
