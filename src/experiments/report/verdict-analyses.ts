import { counted, decimals, listed } from '../../pages/index.js';
import type { Degradation, ExperimentResult, SubgroupResult } from '../result/index.js';
import { between, pInProse, pName } from './format.js';
import { distinct, type EstimatedCell, significanceLevel } from './select.js';

type Evidence = Omit<ExperimentResult, 'verdict'>;

/** What the analyses of the best model of each data set say: a sentence each at most, the heaviest first, none where nothing was found. */
export function onAnalyses(result: Evidence, best: EstimatedCell[]): string[] {
  const sentence = (start: string, ofCell: (cell: EstimatedCell) => Item | undefined, end = '') => {
    const items = best.map(ofCell).filter((item) => item !== undefined);
    return items.length > 0 ? [`${start}${heaviest(items)}.${end}`] : [];
  };
  return [
    ...sentence(
      'Degraded images: of its AUROC above chance, ',
      (cell) => degraded(result, cell),
      ' That share is no evidence that anatomy is read.',
    ),
    ...sentence(
      'Matched pairs: the mean AUROC falls where positives are compared only with negatives like them: ',
      (cell) => matched(result, cell),
      ' That part of the AUROC comes from what was matched.',
    ),
    ...subgroups(result, best),
    ...sentence('Confounding: findings go with groups, which a model may use in place of anatomy: ', (cell) =>
      confounding(result, cell),
    ),
    ...sentence('Calibration: the expected calibration error is ', calibration),
  ];
}

/** What was found on one data set, and how much that weighs beside the same on others. */
interface Item {
  text: string;
  weight: number;
}

/** All of a few; of many the two that weigh most, and how many more there are. */
function heaviest(items: readonly Item[]): string {
  const texts = (some: readonly Item[]) => some.map(({ text }) => text).join('; ');
  if (items.length <= 3) return texts(items);
  const sorted = [...items].sort((a, b) => b.weight - a.weight);
  return `${texts(sorted.slice(0, 2))}; and, less than these, on ${sorted.length - 2} more data sets (see the tables)`;
}

const on = ({ initialization, dataset }: EstimatedCell) => `${initialization} on ${dataset}`;
const percent = (value: number) => `${Math.round(100 * value)} %`;

function ofCell<T extends { dataset: string; initialization: string }>(
  items: T[] | undefined,
  cell: EstimatedCell,
): T[] {
  return (items ?? []).filter((it) => it.dataset === cell.dataset && it.initialization === cell.initialization);
}

/** Degradations that take the anatomy away. */
const WITHOUT_ANATOMY: Partial<Record<Degradation, string>> = {
  border: 'where only the border is left',
  'lung-free': 'without lungs',
  shuffled: 'with shuffled patches',
};

function degraded(result: Evidence, cell: EstimatedCell): Item | undefined {
  const [most] = ofCell(result.degraded, cell)
    .flatMap(({ degradation, mean }) => {
      const images = WITHOUT_ANATOMY[degradation];
      return images && mean?.share && mean.share.low > 0 ? [{ images, ...mean.share }] : [];
    })
    .sort((a, b) => b.estimate - a.estimate);
  if (!most) return undefined;
  const { estimate, low, high, images } = most;
  const text = `${on(cell)} keeps ${percent(estimate)} (${percent(low)} to ${percent(high)}) ${images}`;
  return { text, weight: estimate };
}

function matched(result: Evidence, cell: EstimatedCell): Item | undefined {
  const [own] = ofCell(result.matched, cell);
  const { plain, matched: within, difference, p } = own?.mean ?? {};
  if (!own || !plain || !within || !difference || difference.low <= 0) return undefined;
  const evidence = `${between(difference)}${p == null ? '' : `; ${pInProse(p)}`}`;
  const text =
    `${on(cell)} from ${decimals(plain.estimate)} to ${decimals(within.estimate)} with the same ${listed(own.factors)} ` +
    `(by ${decimals(difference.estimate)}; ${evidence})`;
  return { text, weight: difference.estimate };
}

/** Gaps that are significant, where none is, and groups that nothing is known of. */
function subgroups(result: Evidence, best: EstimatedCell[]): string[] {
  const found = best.map((cell) => gaps(result, cell)).filter((item) => item !== undefined);
  const tested = best.filter((cell) => ofCell(result.subgroups, cell).some(({ gap }) => gap?.difference));
  const without = tested.filter((cell) => !gaps(result, cell)).map(({ dataset }) => dataset);
  const small = best.flatMap((cell) => {
    const names = ofCell(result.subgroups, cell).flatMap(tooSmall);
    return names.length > 0 ? [{ names: firstFew(names), dataset: cell.dataset }] : [];
  });
  const groups = distinct(small.map(({ names }) => names)).map((names) => {
    return `${names} on ${listed(small.filter((it) => it.names === names).map(({ dataset }) => dataset))}`;
  });
  const parts = [
    ...(found.length > 0 ? [heaviest(found)] : []),
    ...(without.length > 0 ? [`no gap between groups is shown for the best model on ${listed(without)}`] : []),
    ...(groups.length > 0 ? [`too small to be compared: ${groups.join('; ')}`] : []),
  ];
  return parts.length > 0 ? [`Subgroups: ${parts.join('; ')}.`] : [];
}

function gaps(result: Evidence, cell: EstimatedCell): Item | undefined {
  const level = significanceLevel(result);
  const factors = ofCell(result.subgroups, cell);
  const ofMean = factors.flatMap(({ factor, gap }) => {
    const p = gap?.pAdjusted ?? gap?.p;
    if (!gap?.difference || p == null || p >= level) return [];
    const name = gap.pAdjusted === null ? 'p' : pName(result);
    const by = gap.difference.estimate;
    const evidence = `${factor}; ${between(gap.difference)}; ${pInProse(p, name)}`;
    return [{ by, text: `${gap.highest} is above that of ${gap.lowest} by ${decimals(by)} (${evidence})` }];
  });
  const ofFindings = factors.flatMap(({ factor, findings }) =>
    findings.filter(({ p, pAdjusted }) => (pAdjusted ?? p ?? 1) < level).map(({ finding }) => `${finding} (${factor})`),
  );
  const parts = [
    ...(ofMean.length > 0 ? [`with ${on(cell)} the mean AUROC of ${listed(ofMean.map(({ text }) => text))}`] : []),
    ...(ofFindings.length > 0 ? [`groups differ significantly for ${firstFew(ofFindings)} with ${on(cell)}`] : []),
  ];
  return parts.length > 0 ? { text: parts.join('; '), weight: Math.max(0, ...ofMean.map(({ by }) => by)) } : undefined;
}

const tooSmall = ({ factor, groups }: SubgroupResult) =>
  groups.filter(({ reason }) => reason !== undefined).map(({ name }) => `${name} (${factor})`);

/** Of what a model could learn from, so of the training split, where that was counted. */
function confounding(result: Evidence, cell: EstimatedCell): Item | undefined {
  const level = significanceLevel(result);
  const own = (result.confounding ?? []).filter(({ dataset }) => dataset === cell.dataset);
  const split = own.some((it) => it.split === 'train') ? 'train' : 'test';
  const found = own.flatMap(({ split: of, factor, findings }) => {
    const going = findings
      .filter(({ p, pAdjusted, cramersV }) => of === split && cramersV !== null && (pAdjusted ?? p ?? 1) < level)
      .sort((a, b) => b.cramersV! - a.cramersV!);
    if (going.length === 0) return [];
    const strength = `${going.length > 1 ? 'up to ' : ''}${decimals(going[0]!.cramersV!)}`;
    const names = firstFew(going.map(({ finding }) => finding));
    return [{ text: `${factor} with ${names} (Cram\u00e9r's V ${strength})`, weight: going[0]!.cramersV! }];
  });
  if (found.length === 0) return undefined;
  const text = `on the ${split === 'train' ? 'training' : 'test'} split of ${cell.dataset} ${listed(found.map((it) => it.text))}`;
  return { text, weight: Math.max(...found.map(({ weight }) => weight)) };
}

/** Over the findings that both scalings could be fitted for. */
function calibration(cell: EstimatedCell): Item | undefined {
  const { calibration: all = [] } = cell;
  const scaled = all.filter(({ temperature, platt }) => temperature && platt);
  const over = scaled.length > 0 ? scaled : all;
  if (over.length === 0) return undefined;
  const meanOf = (of: 'raw' | 'temperature' | 'platt') =>
    over.reduce((sum, finding) => sum + finding[of]!.ece.equalMass, 0) / over.length;
  const mean = (of: 'raw' | 'temperature' | 'platt') => decimals(meanOf(of));
  const after =
    scaled.length > 0
      ? `, ${mean('temperature')} after temperature and ${mean('platt')} after Platt scaling on validation`
      : '';
  const text = `${mean('raw')} for ${on(cell)}${after} (mean over ${counted(over.length, 'finding')})`;
  return { text, weight: meanOf('raw') };
}

/** Three names and how many more there are. */
function firstFew(names: readonly string[]): string {
  const all = distinct(names);
  return all.length > 4 ? `${all.slice(0, 3).join(', ')} and ${all.length - 3} more` : listed(all);
}
