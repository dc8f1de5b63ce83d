import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { inputError } from '../../src/base/index.js';
import {
  ALTERNATIVES,
  type Alternative,
  compareModels,
  comparisonTable,
  writeComparison,
} from '../../src/compare/index.js';
import { CORRECTIONS, type Correction, INTERVALS, type IntervalMethod } from '../../src/evaluation/index.js';
import { fraction, integer } from '../options.js';
import { note, print, printJson, textTable } from '../output.js';

interface CompareFlags {
  a?: string[];
  b?: string[];
  nameA?: string;
  nameB?: string;
  labels?: string;
  split: string;
  findings?: string[];
  id?: string;
  patient?: string;
  common?: true;
  unit?: 'patient' | 'image';
  redraws: number;
  seed: number;
  confidence: number;
  interval: IntervalMethod;
  stratified?: true;
  correction: Correction;
  alternative: Alternative;
  margin?: number;
  threads?: number;
  out?: string;
  json?: true;
}

export function register(program: Command): void {
  program
    .command('compare')
    .description('which of two models is better, from their files of predictions alone, whatever software made them')
    .argument('[first]', 'CSV file of the first model, or a folder: the CSV files or runs in it are its training seeds')
    .argument('[second]', 'the same of the second model')
    .allowExcessArguments()
    .option(
      '--a <paths...>',
      'several files or folders of the first model, in place of the argument: its training seeds',
    )
    .option('--b <paths...>', 'the same of the second model')
    .option('--name-a <text>', 'what to call the first model (default: as its file or folder)')
    .option('--name-b <text>', 'what to call the second model')
    .option('--labels <file>', 'CSV file of labels, where they do not stand beside the predictions')
    .option('--split <name>', 'rows of this split, where a file has a column "split"; all for every row', 'test')
    .option('--findings <names>', 'these findings alone, separated by commas', names)
    .option('--id <column>', 'the column that names the rows')
    .option('--patient <column>', 'the column of patients')
    .option('--common', 'compare the rows that all files have; without it, different ids are an error')
    .addOption(
      new Option(
        '--unit <what>',
        'what the bootstrap redraws (default: patient where a file has them, else image)',
      ).choices(['patient', 'image']),
    )
    .option(
      '--redraws <n>',
      'redraws of the bootstrap, and exchanges of the permutation test',
      integer(100, 1_000_000),
      1000,
    )
    .option('--seed <n>', 'seed of both', integer(0, 0xffffffff), 1)
    .option('--confidence <fraction>', 'of the intervals', fraction, 0.95)
    .addOption(new Option('--interval <method>', 'bootstrap intervals').choices(INTERVALS).default('percentile'))
    .option('--stratified', 'redraw as many patients (images) with a positive label as there are, and as many without')
    .addOption(
      new Option('--correction <method>', 'of p over the findings').choices(CORRECTIONS).default('benjamini-hochberg'),
    )
    .addOption(
      new Option('--alternative <which>', 'p for: they differ; the first is better; it is worse')
        .choices(ALTERNATIVES)
        .default('two-sided'),
    )
    .option('--margin <auroc>', 'also test non-inferiority of the first and equivalence, e.g. 0.01', fraction)
    .option('--threads <n>', 'threads of the bootstrap (default: one per core)', integer(1, 1024))
    .option('--out <folder>', 'also write comparison.html, comparison.csv and comparison.json')
    .option('--json', 'print one JSON document on standard output')
    .addHelpText(
      'after',
      `
A file has a row per image: a column id (or image_id, filename, ...), optionally patient and split, and one column of
probabilities (or any scores) per finding: "Edema", "probability Edema", "Edema_prob". Labels are 1, 0 or blank (unknown)
in columns such as "label Edema", or in a file of their own with a column per finding. predictions.csv of a run fits as it
is. Rows are matched by id, findings by name. docs/compare.md has all rules.

Per finding and for the mean: AUROC of both models, the difference with its interval by paired bootstrap, p by bootstrap,
permutation and DeLong, corrected over the findings; then what may be concluded, in a sentence. With a column of patients
all of it is by patient. "hilum testsize" says how many images it takes.

Examples:
  hilum compare ours.csv theirs.csv --labels truth.csv
  hilum compare ours.csv theirs.csv --margin 0.01 --alternative greater --out comparison/
  hilum compare --a ours-seed*.csv --b theirs-seed*.csv --labels truth.csv
  hilum compare --a runs/x/parts/nih-dinov2-*/ --b runs/x/parts/nih-random-*/ --name-a DINOv2 --name-b random --json`,
    )
    .action(compare);
}

function compare(first: string | undefined, second: string | undefined, flags: CompareFlags, command: Command): void {
  if (command.args.length > 2) throw moreThanTwo(command.args);
  const { a, b, nameA, nameB, id, patient, threads = availableParallelism(), out, json, ...options } = flags;
  const result = compareModels({
    ...options,
    first: filesOf('first', first, '--a', a),
    second: filesOf('second', second, '--b', b),
    firstName: nameA,
    secondName: nameB,
    idColumn: id,
    patientColumn: patient,
    threads,
  });
  for (const text of result.notes) note(`note: ${text}`);
  if (out !== undefined) for (const path of writeComparison(result, out)) note(`written: ${path}`);
  if (json) printJson(result);
  else {
    const table = comparisonTable(result);
    print(`${textTable(table)}\n${table.notes.map((text) => `${text}\n`).join('')}\n${result.verdict}`);
  }
}

function moreThanTwo(files: readonly string[]): Error {
  return inputError({
    what: 'hilum compare',
    found: `${files.length} files (${files.join(', ').slice(0, 200)})`,
    expected: 'two models',
    fix: 'Files of one model with different training seeds go together: --a A1.csv A2.csv --b B1.csv B2.csv. Compare several models in pairs.',
  });
}

function filesOf(which: string, argument: string | undefined, option: string, paths: string[] | undefined): string[] {
  if ((argument === undefined) !== (paths === undefined)) return paths ?? [argument!];
  const found = argument === undefined ? 'nothing' : `${argument} and ${paths!.join(' ')}`;
  throw inputError({ what: `the ${which} model`, found, expected: `a file or folder, or ${option} with several` });
}

function names(text: string): string[] {
  const found = text.split(',').map((name) => name.trim());
  if (found.every((name) => name !== '')) return found;
  throw new InvalidArgumentError('Expected names separated by commas.');
}
