import { counted, decimals, listed } from '../../pages/index.js';
import type { Degradation, ExperimentResult, Interval, SubgroupResult } from '../result/index.js';
import { pInProse, pName } from './format.js';
import { distinct, type EstimatedCell, significanceLevel } from './select.js';

type Evidence = Omit<ExperimentResult, 'verdict'>;

/** What the analyses of the best model of each data set say: a sentence each at most, the heaviest first, none where nothing was found. */
export function onAnalyses(result: Evidence, best: EstimatedCell[]): string[] {
  const sentence = (start: string, ofCell: (cell: EstimatedCell) => string | undefined, end = '') => {
    const items = best.map(ofCell).filter((item) => item !== undefined);
    return items.length > 0 ? [`${start}${items.join('; ')}.${end}`] : [];
  };
  return [
    ...sentence(
      'Degraded images: of its AUROC above chance, ',
      (cell) => degraded(result, cell),
      ' So much of an AUROC does not show that anatomy is read.',
    ),
    ...sentence(
      'Matched pairs: the mean AUROC falls where positives are compared only with negatives like them: ',
      (cell) => matched(result, cell),
      ' So much of an AUROC comes from what was matched.',
    ),
    ...sentence('Subgroups: ', (cell) => subgroups(result, cell)),
    ...sentence('Confounding: findings go with groups, which a model may use in place of anatomy: ', (cell) =>
      confounding(result, cell),
    ),
    ...external(result, best),
    ...sentence('Calibration: the expected calibration error is ', calibration),
  ];
}

const on = ({ initialization, dataset }: EstimatedCell) => `${initialization} on ${dataset}`;
const between = ({ low, high }: Interval) => `${decimals(low)} to ${decimals(high)}`;
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

function degraded(result: Evidence, cell: EstimatedCell): string | undefined {
  const [most] = ofCell(result.degraded, cell)
    .flatMap(({ degradation, mean }) => {
      const images = WITHOUT_ANATOMY[degradation];
      return images && mean?.share && mean.share.low > 0 ? [{ images, ...mean.share }] : [];
    })
    .sort((a, b) => b.estimate - a.estimate);
  if (!most) return undefined;
  const { estimate, low, high, images } = most;
  return `${on(cell)} keeps ${percent(estimate)} (${percent(low)} to ${percent(high)}) ${images}`;
}

function matched(result: Evidence, cell: EstimatedCell): string | undefined {
  const [own] = ofCell(result.matched, cell);
  const { plain, matched: within, difference, p } = own?.mean ?? {};
  if (!own || !plain || !within || !difference || difference.low <= 0) return undefined;
  const evidence = `${between(difference)}${p == null ? '' : `; ${pInProse(p)}`}`;
  return (
    `${on(cell)} from ${decimals(plain.estimate)} to ${decimals(within.estimate)} with the same ${listed(own.factors)} ` +
    `(by ${decimals(difference.estimate)}; ${evidence})`
  );
}

function subgroups(result: Evidence, cell: EstimatedCell): string | undefined {
  const level = significanceLevel(result);
  const factors = ofCell(result.subgroups, cell);
  const gaps = factors.flatMap(({ factor, gap }) => {
    const p = gap?.pAdjusted ?? gap?.p;
    if (!gap?.difference || p == null || p >= level) return [];
    const name = gap.pAdjusted === null ? 'p' : pName(result);
    const evidence = `${between(gap.difference)}; ${pInProse(p, name)}`;
    return [
      `${gap.highest} is above that of ${gap.lowest} by ${decimals(gap.difference.estimate)} (${factor}; ${evidence})`,
    ];
  });
  const ofFindings = factors.flatMap(({ factor, findings }) =>
    findings.filter(({ p, pAdjusted }) => (pAdjusted ?? p ?? 1) < level).map(({ finding }) => `${finding} (${factor})`),
  );
  const small = factors.flatMap(tooSmall);
  const parts = [
    ...(gaps.length > 0 ? [`with ${on(cell)} the mean AUROC of ${listed(gaps)}`] : []),
    ...(ofFindings.length > 0 ? [`groups differ significantly for ${firstFew(ofFindings)} with ${on(cell)}`] : []),
    ...(small.length > 0 ? [`too small on ${cell.dataset} to be compared: ${firstFew(small)}`] : []),
  ];
  return parts.length > 0 ? parts.join('; ') : undefined;
}

const tooSmall = ({ factor, groups }: SubgroupResult) =>
  groups.filter(({ reason }) => reason !== undefined).map(({ name }) => `${name} (${factor})`);

/** Of what a model could learn from, so of the training split, where that was counted. */
function confounding(result: Evidence, cell: EstimatedCell): string | undefined {
  const level = significanceLevel(result);
  const own = (result.confounding ?? []).filter(({ dataset }) => dataset === cell.dataset);
  const split = own.some((it) => it.split === 'train') ? 'train' : 'test';
  const found = own.flatMap(({ split: of, factor, findings }) => {
    const going = findings
      .filter(({ p, pAdjusted, cramersV }) => of === split && cramersV !== null && (pAdjusted ?? p ?? 1) < level)
      .sort((a, b) => b.cramersV! - a.cramersV!);
    if (going.length === 0) return [];
    const strength = `${going.length > 1 ? 'up to ' : ''}${decimals(going[0]!.cramersV!)}`;
    return [`${factor} with ${firstFew(going.map(({ finding }) => finding))} (Cram\u00e9r's V ${strength})`];
  });
  if (found.length === 0) return undefined;
  return `on the ${split === 'train' ? 'training' : 'test'} split of ${cell.dataset} ${listed(found)}`;
}

/** Whether the best of each data set holds on the others. */
function external({ externalValidation = [] }: Evidence, best: EstimatedCell[]): string[] {
  const pairs = best.flatMap(({ initialization, dataset }) => {
    const abroad = externalValidation.filter(
      ({ trainedOn, testedOn }) => trainedOn === dataset && testedOn !== dataset,
    );
    return abroad.flatMap((it) => {
      const { testedOn, meanAuroc, meanOver } = it;
      if (it.initialization !== initialization || !meanAuroc) return [];
      const rivals = abroad.filter((other) => other.testedOn === testedOn && other !== it && other.meanAuroc);
      const higher = rivals.filter((other) => other.meanAuroc!.estimate > meanAuroc.estimate);
      return [{ initialization, dataset, testedOn, meanAuroc, meanOver, rivals: rivals.length, higher }];
    });
  });
  const [first] = pairs;
  if (!first) return [];
  if (pairs.length === 1) {
    const { initialization, dataset, testedOn, meanAuroc, meanOver, rivals, higher } = first;
    const names = higher.map((it) => `${it.initialization} (${decimals(it.meanAuroc!.estimate)})`);
    const place =
      higher.length > 0
        ? `, where ${listed(names)} ${higher.length === 1 ? 'is' : 'are'} higher`
        : rivals > 0
          ? ', the highest there too'
          : '';
    return [
      `External validation: ${initialization}, trained on ${dataset}, reaches ${decimals(meanAuroc.estimate)} (${between(meanAuroc)}) ` +
        `on ${testedOn} over ${counted(meanOver.length, 'finding')} of both${place}.`,
    ];
  }
  const values = pairs.map(({ meanAuroc }) => meanAuroc.estimate);
  const contested = pairs.filter(({ rivals }) => rivals > 0);
  const held = contested.filter(({ higher }) => higher.length === 0).length;
  const place =
    contested.length > 0
      ? `; the highest on its own data set is the highest on the other in ${held} of ${contested.length}`
      : '';
  return [
    `External validation: in ${pairs.length} pairs of training and other test data set the best model reaches a mean AUROC of ` +
      `${decimals(Math.min(...values))} to ${decimals(Math.max(...values))} over the findings of both${place}.`,
  ];
}

/** Over the findings that both scalings could be fitted for. */
function calibration(cell: EstimatedCell): string | undefined {
  const { calibration: all = [] } = cell;
  const scaled = all.filter(({ temperature, platt }) => temperature && platt);
  const over = scaled.length > 0 ? scaled : all;
  if (over.length === 0) return undefined;
  const mean = (of: 'raw' | 'temperature' | 'platt') =>
    decimals(over.reduce((sum, finding) => sum + finding[of]!.ece.equalMass, 0) / over.length);
  const after =
    scaled.length > 0
      ? `, ${mean('temperature')} after temperature and ${mean('platt')} after Platt scaling on validation`
      : '';
  return `${mean('raw')} for ${on(cell)}${after} (mean over ${counted(over.length, 'finding')})`;
}

/** Three names and how many more there are. */
function firstFew(names: readonly string[]): string {
  const all = distinct(names);
  return all.length > 4 ? `${all.slice(0, 3).join(', ')} and ${all.length - 3} more` : listed(all);
}
