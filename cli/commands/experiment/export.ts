import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { ExportFormat } from '../../../src/experiments/index.js';
import { note, print, printJson } from '../../output.js';

interface ExportOptions {
  format: ExportFormat | 'all';
  out?: string;
  json?: true;
}

const FORMATS = ['latex', 'docx', 'csv', 'svg', 'png', 'pdf'] as const satisfies readonly ExportFormat[];

export function registerExport(experiment: Command): void {
  experiment
    .command('export')
    .description('write the tables, figures, numbers and predictions of a finished experiment as files of their own')
    .argument('<folder>', 'the folder of a finished experiment')
    .addOption(
      new Option(
        '--format <name>',
        'latex or docx: the tables; svg, png or pdf: the figures; csv: every number and all predictions',
      )
        .choices([...FORMATS, 'all'])
        .default('all'),
    )
    .option('--out <folder>', 'where the files go (default: export/ in the folder)')
    .option('--json', 'print the paths as one JSON document on standard output')
    .addHelpText(
      'after',
      `
Tables and figures have the numbers that they have in report.html. predictions.csv has the image ids and the patients'
numbers of the data sets: it is for you, not for a paper.

Examples:
  hilum experiment export runs/chestxray14-mini
  hilum experiment export runs/chestxray14-mini --format latex --out paper/tables`,
    )
    .action(run);
}

async function run(folder: string, { format, out = join(folder, 'export'), json }: ExportOptions): Promise<void> {
  const { exportExperiment, readResult } = await import('../../../src/experiments/index.js');
  const result = readResult(join(folder, 'result.json'));
  const exported = await exportExperiment(folder, result, { formats: format === 'all' ? FORMATS : [format], out });
  for (const text of exported.notes) note(`warning: ${text}`);
  if (json) printJson(exported);
  else print(exported.files.join('\n'));
}
