import { counted, decimals, listed } from '../../pages/index.js';
import type {
  Difference,
  ExperimentResult,
  Interval,
  MatrixFactor,
  MatrixResult,
  SettingResult,
} from '../result/index.js';
import { between, evidenceText } from './format.js';
import { findCell, meanDifference, negated, type Outcome, outcomeOf, ranked, significanceLevel } from './select.js';

type Evidence = Omit<ExperimentResult, 'verdict'>;
type Value = number | string;

const TOPICS: Record<MatrixFactor, string> = { imageSize: 'Image size', labelFraction: 'Labels', tuning: 'Tuning' };
const share = (value: Value) => `${Number((100 * Number(value)).toPrecision(6))} %`;
const WORDS: Record<MatrixFactor, { value: (value: Value) => string; instead: (value: Value, own: Value) => string }> =
  {
    imageSize: {
      value: (size) => `images of ${size} px`,
      instead: (size, own) => `images of ${size} px instead of ${own} px`,
    },
    labelFraction: {
      value: (fraction) => `${share(fraction)} of the labels`,
      instead: (fraction, own) => `${share(fraction)} instead of ${share(own)} of the labels`,
    },
    tuning: {
      value: (name) => `the tuning "${name}"`,
      instead: (name, own) => `the tuning "${name}" instead of "${own}"`,
    },
  };

/** Whether the order of the initializations holds in every setting, where it turns, and what each factor changes. */
export function onMatrix(result: Evidence): string[] {
  const { matrix } = result;
  const [reference, ...others] = matrix?.settings ?? [];
  if (!matrix || !reference || others.length === 0) return [];
  return [
    ...order(result, reference, others),
    ...matrix.factors.flatMap(({ factor, values: [own, ...values] }) => {
      const along = (value: Value) =>
        others.find((it) => differsOnlyIn(it, reference, factor) && it.values[factor] === value);
      const settings = values.flatMap((value) => along(value) ?? []);
      return [
        ...settings.flatMap((setting) => effect(result, matrix, { factor, own: own!, reference, setting })),
        ...(factor === 'tuning' ? [] : farthest(settings, factor, own!)).flatMap((setting) =>
          spread(result, { factor, own: own!, reference, setting }),
        ),
      ];
    }),
  ];
}

const differsOnlyIn = (a: SettingResult, b: SettingResult, factor: MatrixFactor) =>
  Object.keys(b.values).every(
    (key) => key === factor || a.values[key as MatrixFactor] === b.values[key as MatrixFactor],
  );

/** The setting whose number is least like the reference's. */
function farthest(settings: readonly SettingResult[], factor: MatrixFactor, own: Value): SettingResult[] {
  const distance = ({ values }: SettingResult) => Math.abs(Math.log(Number(values[factor]) / Number(own)));
  return [...settings].sort((a, b) => distance(b) - distance(a)).slice(0, 1);
}

interface Placed {
  setting: SettingResult;
  dataset: string;
  kind: 'above' | 'below' | 'open';
  /** By how much the best of the reference is below another that is significantly above it. */
  turn?: { best: string; rival: string; mean: Pick<Difference, 'difference' | 'pAdjusted'> };
}

/** Per setting and data set: what became of the initialization that is the best in the reference. */
function order(result: Evidence, reference: SettingResult, others: readonly SettingResult[]): string[] {
  const level = significanceLevel(result);
  const datasets = result.datasets.map(({ name }) => name);
  const placed = others.flatMap((setting) =>
    datasets.flatMap((dataset) => placeOf(reference, setting, dataset, level)),
  );
  if (placed.length === 0) return [];
  const of = (kind: Placed['kind']) => placed.filter((it) => it.kind === kind);
  const where =
    datasets.length > 1
      ? `${counted(placed.length, 'combination')} of another setting and a data set`
      : `${counted(placed.length, 'other setting')}`;
  const counts =
    `Settings: the initialization with the highest mean AUROC in the reference (${reference.name}) is significantly above every other in ` +
    `${of('above').length} of ${where}, significantly below another in ${of('below').length}; in ${of('open').length} neither is shown.`;
  return [counts, ...turns(result, reference, of('below'))];
}

function placeOf(reference: SettingResult, setting: SettingResult, dataset: string, level: number): Placed[] {
  const [best] = ranked(reference, dataset);
  if (!best || !findCell(setting, dataset, best.initialization)?.meanAuroc) return [];
  const pairs = ranked(setting, dataset)
    .filter(({ initialization }) => initialization !== best.initialization)
    .flatMap(({ initialization }) => {
      const mean = meanDifference(setting, dataset, initialization, best.initialization);
      return mean ? [{ rival: initialization, mean, outcome: outcomeOf(mean, level) }] : [];
    });
  if (pairs.length === 0) return [];
  const [turn] = pairs
    .filter(({ outcome }) => outcome === 'better')
    .sort((a, b) => b.mean.difference!.estimate - a.mean.difference!.estimate);
  if (turn) return [{ setting, dataset, kind: 'below', turn: { best: best.initialization, ...turn } }];
  return [{ setting, dataset, kind: pairs.every(({ outcome }) => outcome === 'worse') ? 'above' : 'open' }];
}

/** Where another initialization is significantly above the best of the reference: by one factor alone where that is enough. */
function turns(result: Evidence, reference: SettingResult, below: readonly Placed[]): string[] {
  if (below.length === 0)
    return ['Settings: in none is another initialization shown to be better than the best of the reference.'];
  const describe = ({ dataset, turn }: Placed) =>
    `${turn!.rival} is above ${turn!.best} on ${dataset} by ${decimals(turn!.mean.difference!.estimate)} (${evidenceText(turn!.mean, result)})`;
  const largest = (placed: readonly Placed[]) =>
    [...placed].sort((a, b) => b.turn!.mean.difference!.estimate - a.turn!.mean.difference!.estimate)[0]!;
  const factors = Object.keys(reference.values) as MatrixFactor[];
  const single = factors.flatMap((factor) => {
    const own = below.filter(({ setting }) => differsOnlyIn(setting, reference, factor));
    return [...new Set(own.map(({ setting }) => setting))].map((setting) => {
      const here = own.filter((it) => it.setting === setting);
      const count = result.datasets.length > 1 ? ` on ${counted(here.length, 'data set')}` : '';
      const most = here.length > 1 ? 'most: ' : '';
      return `with ${WORDS[factor].value(setting.values[factor]!)}${count} (${most}${describe(largest(here))})`.replaceAll(
        '((',
        '(',
      );
    });
  });
  if (single.length > 0)
    return [
      `Settings: with everything else as in the reference another is significantly above that one ${listed(single)}.`,
    ];
  const most = largest(below);
  return [
    `Settings: another is significantly above that one only where several factors change, most at ${most.setting.name}, where ${describe(most)}.`,
  ];
}

interface Change {
  factor: MatrixFactor;
  /** Of the reference. */
  own: Value;
  reference: SettingResult;
  setting: SettingResult;
}

const instead = ({ factor, own, setting }: Change) =>
  `${TOPICS[factor]}: with ${WORDS[factor].instead(setting.values[factor]!, own)}`;

/** What the change of one factor does to the mean AUROC of each initialization on each data set. */
function effect(result: Evidence, { comparisons }: MatrixResult, change: Change): string[] {
  const level = significanceLevel(result);
  const { reference, setting } = change;
  const items = comparisons.flatMap(({ dataset, initialization, first, second, mean }) => {
    const forward = first === setting.name && second === reference.name;
    const backward = first === reference.name && second === setting.name;
    if (!mean.difference || (!forward && !backward)) return [];
    const read = { ...mean, difference: backward ? negated(mean.difference) : mean.difference };
    return [{ dataset, initialization, ...read, outcome: outcomeOf(read, level) }];
  });
  if (items.length === 0) return [];
  const all = result.datasets.length > 1 ? 'combinations of initialization and data set' : 'initializations';
  const part = (outcome: Outcome, words: string) => {
    const found = items
      .filter((it) => it.outcome === outcome)
      .map((it) => ({ ...it, difference: outcome === 'worse' ? negated(it.difference) : it.difference }))
      .sort((a, b) => a.difference.estimate - b.difference.estimate);
    const texts = [...new Set([found[0], found.at(-1)])].flatMap((it) =>
      it
        ? [
            `${decimals(it.difference.estimate)} (${evidenceText(it, result)}) for ${it.initialization} on ${it.dataset}`,
          ]
        : [],
    );
    return found.length > 0 ? [`${words} in ${found.length} of ${items.length} ${all}, by ${texts.join(' to ')}`] : [];
  };
  const open = items.filter(({ outcome }) => outcome === 'open' || outcome === 'untested').map((it) => it.difference);
  const within = `${decimals(Math.min(...open.map(({ low }) => low)))} to ${decimals(Math.max(...open.map(({ high }) => high)))}`;
  const parts = [
    ...part('better', 'significantly higher'),
    ...part('worse', 'significantly lower'),
    ...(open.length > 0
      ? [`not shown to differ in ${open.length} of ${items.length} ${all} (intervals within ${within})`]
      : []),
  ];
  return [`${instead(change)} the mean AUROC is ${parts.join('; ')}.`];
}

/** Whether the change of one factor moves the initializations apart; told by their intervals, as the change itself is not tested. */
function spread(result: Evidence, change: Change): string[] {
  const { reference, setting } = change;
  const items = reference.comparisons.flatMap(({ dataset, first, second, mean: { difference } }) => {
    const then = meanDifference(setting, dataset, first, second)?.difference;
    if (!difference || !then || !result.datasets.some(({ name }) => name === dataset)) return [];
    const apart = then.low > difference.high || then.high < difference.low;
    return [{ pair: `${first} \u2212 ${second} on ${dataset}`, from: difference, to: then, apart }];
  });
  if (items.length === 0) return [];
  const moved = items.filter(({ apart }) => apart);
  const [most] = moved.sort((a, b) => by(b) - by(a));
  const text = (it: Interval) => `${decimals(it.estimate)} (${between(it)})`;
  const example = most ? `, most for ${most.pair}, from ${text(most.from)} to ${text(most.to)}` : '';
  return [
    `${instead(change)} the difference of two initializations moves so far that its two intervals do not overlap in ` +
      `${moved.length} of ${items.length} comparisons${example}; in ${items.length - moved.length} a change is not shown. The change itself was not tested.`,
  ];
}

const by = ({ from, to }: { from: Interval; to: Interval }) => Math.abs(to.estimate - from.estimate);
