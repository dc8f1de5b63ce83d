import { type Command, InvalidArgumentError } from 'commander';
import { requiredTestSet, type TestSetQuestion } from '../../src/compare/index.js';
import { fraction } from '../options.js';
import { print, printJson } from '../output.js';

export function register(program: Command): void {
  program
    .command('testsize')
    .description('how many radiographs a test set needs, for an interval of a given width or to show a difference')
    .requiredOption('--auroc <fraction>', 'AUROC that is expected, of the first model where there are two', fraction)
    .requiredOption('--prevalence <fraction>', 'share of positives; of several findings, that of the rarest', fraction)
    .option('--width <fraction>', 'the interval, from its lower to its upper end, is to be at most so wide', fraction)
    .option('--against <fraction>', 'AUROC that is expected of a second model on the same images', fraction)
    .option('--power <fraction>', 'probability of showing that the first model is better than the second', fraction)
    .option('--margin <auroc>', 'show with --power that the first is non-inferior, no more than this worse', fraction)
    .option(
      '--correlation <number>',
      'of the two AUROCs: 0 on two test sets, mostly 0.5 to 0.9 on one (default: 0.5, cautious)',
      correlation,
    )
    .option('--images-per-patient <number>', 'mean number (default: 1)', atLeastOne)
    .option(
      '--within-patient <fraction>',
      "correlation of one patient's images, 0..1 (default: 1, further images add nothing)",
      share,
    )
    .option('--confidence <fraction>', 'of the interval', fraction, 0.95)
    .option('--json', 'print one JSON document on standard output')
    .addHelpText(
      'after',
      `
Three questions: how many images for an interval of an AUROC (--width), for the interval of the difference of two models
(--against, --width), or to show that one is better or non-inferior (--against, --power, --margin). The variance is that
of Hanley and McNeil (1982); docs/statistics.md says what it assumes. "hilum compare" then does the comparison.

Examples:
  hilum testsize --auroc 0.85 --prevalence 0.1 --width 0.05
  hilum testsize --auroc 0.85 --against 0.83 --prevalence 0.1 --width 0.04 --correlation 0.7
  hilum testsize --auroc 0.85 --against 0.82 --prevalence 0.1 --power 0.8
  hilum testsize --auroc 0.85 --against 0.85 --prevalence 0.1 --power 0.9 --margin 0.02
  hilum testsize --auroc 0.85 --prevalence 0.1 --width 0.05 --images-per-patient 2.5 --within-patient 0.6 --json`,
    )
    .action(testsize);
}

function testsize({ json, ...question }: TestSetQuestion & { json?: true }): void {
  const answer = requiredTestSet(question);
  if (json) printJson(answer);
  else print(answer.text);
}

const between = (text: string, expected: string, fits: (value: number) => boolean) => {
  const value = Number(text);
  if (text.trim() !== '' && fits(value)) return value;
  throw new InvalidArgumentError(`Expected ${expected}.`);
};
const correlation = (text: string) => between(text, 'a number from -1 to below 1', (value) => value >= -1 && value < 1);
const atLeastOne = (text: string) => between(text, 'a number from 1 to 1000', (value) => value >= 1 && value <= 1000);
const share = (text: string) => between(text, 'a number from 0 to 1', (value) => value >= 0 && value <= 1);
