import { listed } from '../../pages/index.js';
import type { ExperimentResult } from '../result/index.js';
import { between, confidence } from './format.js';
import { type MarginOutcome, marginOutcome } from './pair-tests.js';
import { type EstimatedCell, meanDifference } from './select.js';

/** What the experiment's margin allows to be said of the best initialization of a data set and the others; nothing without a margin. */
export function onMargin(
  result: Omit<ExperimentResult, 'verdict'>,
  { dataset, initialization: best }: EstimatedCell,
): string[] {
  const { margin, confidence: level } = result.statistics;
  if (margin === undefined) return [];
  const items = result.comparisons.flatMap((pair) => {
    if (pair.dataset !== dataset || !pair.margin || ![pair.first, pair.second].includes(best)) return [];
    const isForward = pair.first === best;
    const other = isForward ? pair.second : pair.first;
    const difference = meanDifference(result, dataset, best, other)?.difference;
    const kind = kindOf(marginOutcome(pair), isForward ? 'first' : 'second');
    return [{ kind, text: difference ? `${other} (${between(difference)})` : other }];
  });
  if (items.length === 0) return [];
  const of = (wanted: Kind) => items.filter(({ kind }) => kind === wanted).map(({ text }) => text);
  const say = (kind: Kind, words: (names: string) => string) => (of(kind).length > 0 ? [words(listed(of(kind)))] : []);
  const shown = [
    ...say('better', (names) => `is better by more than ${margin} than ${names}`),
    ...say('equivalent', (names) => `is equivalent within ${margin} to ${names}`),
    ...say(
      'not inferior',
      (names) => `is not inferior by more than ${margin} to ${names}, but equivalence is not shown`,
    ),
    ...say('not shown', (names) => `is not shown to be equivalent or not inferior to ${names}`),
    ...say(
      'other not inferior',
      (names) => `is matched by ${names}, not inferior to it by more than ${margin}, but equivalence is not shown`,
    ),
  ];
  return [
    `${dataset}: with the margin of ${margin}, ${best} ${shown.join('; it ')} (${confidence(level)} intervals of the difference, each pair on its own).`,
  ];
}

type Kind = 'equivalent' | 'better' | 'not inferior' | 'other not inferior' | 'not shown';

/** `best`: which of the pair is the best. */
function kindOf(outcome: MarginOutcome, best: 'first' | 'second'): Kind {
  if (outcome === 'equivalent' || outcome === 'not shown') return outcome;
  if (outcome === `${best} better by more`) return 'better';
  return outcome === `${best} not inferior` ? 'not inferior' : 'other not inferior';
}
