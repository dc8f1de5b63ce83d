/** The options by which every data command names a data set. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  type RadiographOptions,
  radiographDatasets,
  TEST_FRACTION,
  UNCERTAIN_POLICIES,
  VALIDATION_FRACTION,
  VIEW_FILTERS,
} from '../../../src/datasets/index.js';
import { integer } from '../../options.js';

/** What commander hands over. */
export interface DatasetFlags extends Omit<RadiographOptions, 'requireImages'> {
  indexOnly?: true;
}

/** Adds the argument `<name>`, one of `names`, and the options of a data set. */
export function addDatasetOptions(command: Command, names = Object.keys(radiographDatasets)): Command {
  return command
    .argument('<name>', `the data set: ${names.join(', ')}`)
    .requiredOption('--root <folder>', 'the folder of the data set, laid out as published')
    .option('--findings <names>', 'only these findings, by published or shared name, separated by commas', commaList)
    .option('--description <file>', 'data set "table": the YAML file that describes it')
    .option('--labels <which>', 'which labels, where several are published for the same images')
    .addOption(new Option('--views <which>', 'which views are kept').choices(VIEW_FILTERS))
    .addOption(new Option('--uncertain <policy>', 'what an uncertain label counts as').choices(UNCERTAIN_POLICIES))
    .addOption(new Option('--seed <n>', 'seed of splits that are drawn').default(0).argParser(integer(0, 2 ** 32 - 1)))
    .option('--validation-fraction <f>', `share of training patients to validate on (${VALIDATION_FRACTION})`, fraction)
    .option(
      '--test-fraction <f>',
      `share of patients to test on, where no split is published (${TEST_FRACTION})`,
      fraction,
    );
}

/** Adds `--index-only`, for commands that can do without the images. */
export function addIndexOnly(command: Command): Command {
  return command.option('--index-only', 'read the tables alone; the images may be absent');
}

/** The options of a data set among a command's flags. */
export function datasetOptions(flags: DatasetFlags): RadiographOptions {
  const { root, seed, findings, description, labels, views, uncertain, validationFraction, testFraction } = flags;
  const requireImages = !flags.indexOnly;
  return {
    root,
    seed,
    findings,
    description,
    labels,
    views,
    uncertain,
    validationFraction,
    testFraction,
    requireImages,
  };
}

/** For a command's help: every data set with what it reads. */
export function datasetHelp(): string {
  return `Data sets:\n${Object.entries(radiographDatasets)
    .map(([name, description]) => `  ${name}: ${description}`)
    .join('\n')}`;
}

export function commaList(text: string): string[] {
  return text.split(',').map((word) => word.trim());
}

function fraction(text: string): number {
  const value = Number(text);
  if (value > 0 && value < 1) return value;
  throw new InvalidArgumentError('Expected a number between 0 and 1, both excluded.');
}
