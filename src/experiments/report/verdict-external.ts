import { counted, decimals, listed } from '../../pages/index.js';
import type { ExperimentResult, ExternalComparison, ExternalResult, Interval } from '../result/index.js';
import { between, evidenceText } from './format.js';
import { distinct, meanDifference, outcomeOf, ranked, sameMembers, significanceLevel } from './select.js';

type Evidence = Omit<ExperimentResult, 'verdict'>;
type Tested = ExternalResult & { meanAuroc: Interval };

/** What the models of one data set reach on others, and whether differences between initializations are the same there. */
export function onExternal(result: Evidence): string[] {
  const all = (result.externalValidation ?? []).filter((it): it is Tested => it.meanAuroc !== null);
  const best = distinct(all.map(({ trainedOn }) => trainedOn)).flatMap((trainedOn) => {
    const [first] = ranked(result, trainedOn);
    return all.filter(
      (it) => it.trainedOn === trainedOn && it.testedOn !== trainedOn && it.initialization === first?.initialization,
    );
  });
  return best.length === 0 ? [] : [...reached(best, all), ...leads(result), ...kept(result)];
}

const place = ({ trainedOn, testedOn }: { trainedOn: string; testedOn: string }) =>
  `trained on ${trainedOn}, tested on ${testedOn}`;

/** AUROC of the best model of each training data set, and whether that of the tested data set's own model is above it. */
function reached(best: readonly Tested[], all: readonly Tested[]): string[] {
  const sorted = [...best].sort((a, b) => a.meanAuroc.estimate - b.meanAuroc.estimate);
  const text = (it: Tested) => `${decimals(it.meanAuroc.estimate)} (${between(it.meanAuroc)}; ${place(it)})`;
  const [low, high] = [sorted[0]!, sorted.at(-1)!];
  const range =
    sorted.length === 1
      ? `${low.initialization} reaches a mean AUROC of ${text(low)} over ${counted(low.meanOver.length, 'finding')} that both data sets have`
      : `in ${sorted.length} pairs of a training and another test data set the best initialization of the training data set reaches, over the ` +
        `findings that both have, a mean AUROC from ${text(low)} to ${text(high)}`;
  const own = best.flatMap((it) => {
    const at = all.find(({ initialization, trainedOn, testedOn }) => {
      return initialization === it.initialization && trainedOn === it.testedOn && testedOn === it.testedOn;
    });
    return at && sameMembers(at.meanOver, it.meanOver) ? [{ below: it.meanAuroc.high < at.meanAuroc.low }] : [];
  });
  const below = own.filter((it) => it.below).length;
  const loss =
    own.length === 0
      ? ''
      : sorted.length === 1
        ? ` Its interval ${below ? 'lies below' : 'does not lie below'} that of the same initialization trained on ${low.testedOn} itself.`
        : ` In ${below} of the ${own.length} pairs whose findings are those of the tested data set its interval lies below that of the same initialization trained on the tested data set itself.`;
  return [`External validation: ${range}.${loss}`];
}

/** Whether the best initialization of the training data set is the best elsewhere. */
function leads(result: Evidence): string[] {
  const level = significanceLevel(result);
  const { externalComparisons = [] } = result;
  const places = distinct(externalComparisons.map(place)).flatMap((name) => {
    const own = externalComparisons.filter((it) => place(it) === name);
    const [best] = ranked(result, own[0]!.trainedOn);
    if (!best) return [];
    const rivals = result.initializations.map((it) => it.name).filter((it) => it !== best.initialization);
    const pairs = rivals.flatMap((rival) => {
      const pair = differenceOf(own, best.initialization, rival);
      return pair?.difference
        ? [{ rival, best: best.initialization, name, pair, outcome: outcomeOf(pair, level) }]
        : [];
    });
    return pairs.length > 0 ? [pairs] : [];
  });
  if (places.length === 0) return [];
  const above = places.filter((pairs) => pairs.every(({ outcome }) => outcome === 'better')).length;
  const turned = places.filter((pairs) => pairs.some(({ outcome }) => outcome === 'worse')).length;
  const [worst] = places
    .flat()
    .filter(({ outcome }) => outcome === 'worse')
    .sort((a, b) => a.pair.difference!.estimate - b.pair.difference!.estimate);
  const example = worst
    ? ` (${places.length > 1 ? 'most: ' : ''}${worst.best} against ${worst.rival}, ${worst.name}: ${decimals(worst.pair.difference!.estimate)}; ${evidenceText(worst.pair, result)})`
    : '';
  if (places.length === 1) {
    const [pairs] = places;
    const texts = pairs!.map(({ rival, pair, outcome }) => {
      const evidence = `(${decimals(pair.difference!.estimate)}; ${evidenceText(pair, result)})`;
      return outcome === 'better'
        ? `significantly above ${rival} ${evidence}`
        : outcome === 'worse'
          ? `significantly below ${rival} ${evidence}`
          : `not shown to differ from ${rival} ${evidence}`;
    });
    return [`External validation: there ${pairs![0]!.best}, the best of its training data set, is ${listed(texts)}.`];
  }
  return [
    `External validation: the best initialization of the training data set is significantly above every other in ${above} of ${places.length} ` +
      `pairs of data sets, significantly below another in ${turned}${example}; in ${places.length - above - turned} neither is shown.`,
  ];
}

function differenceOf(own: readonly ExternalComparison[], first: string, second: string) {
  return meanDifference(
    { comparisons: own.map((it) => ({ ...it, dataset: it.testedOn })) },
    own[0]!.testedOn,
    first,
    second,
  );
}

/** Of the differences that are significant at home, how many are so elsewhere. */
function kept(result: Evidence): string[] {
  const level = significanceLevel(result);
  const abroad = (result.externalComparisons ?? []).flatMap((pair) => {
    const home = meanDifference(result, pair.trainedOn, pair.first, pair.second);
    const known = home && outcomeOf(home, level);
    const there = outcomeOf(pair.mean, level);
    return (known === 'better' || known === 'worse') && there !== 'untested' ? [{ same: there === known, there }] : [];
  });
  if (abroad.length === 0) return [];
  const same = abroad.filter((it) => it.same).length;
  const open = abroad.filter(({ there }) => there === 'open').length;
  return [
    `External validation: a difference between two initializations that is significant on the training data set's own test split is so on another ` +
      `data set, in the same direction, in ${same} of ${abroad.length} tests, significant in the opposite direction in ${abroad.length - same - open}, and not shown in ${open}.`,
  ];
}
