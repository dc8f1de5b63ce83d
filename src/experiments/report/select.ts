import {
  type Cell,
  type Difference,
  type ExperimentResult,
  type Interval,
  LUNG_ONLY,
  type ShortcutResult,
} from '../result/index.js';

type CellMean = Pick<Cell, 'dataset' | 'initialization' | 'meanAuroc'>;

/** A cell whose mean AUROC could be estimated. */
export type EstimatedCell = Cell & { meanAuroc: Interval };

/** The cells of a data set with an estimable mean AUROC, the highest first. */
export function ranked<C extends CellMean>({ cells }: { cells: readonly C[] }, dataset: string) {
  return cells
    .filter((cell): cell is C & { meanAuroc: Interval } => cell.dataset === dataset && cell.meanAuroc !== null)
    .sort((a, b) => b.meanAuroc.estimate - a.meanAuroc.estimate);
}

export function findCell<C extends CellMean>(
  { cells }: { cells: readonly C[] },
  dataset: string,
  initialization: string,
): C | undefined {
  return cells.find((cell) => cell.dataset === dataset && cell.initialization === initialization);
}

/** The comparison of the mean AUROC read as `first - second`, whichever way round it is stored. */
export function meanDifference(
  result: Pick<ExperimentResult, 'comparisons'>,
  dataset: string,
  first: string,
  second: string,
): Pick<Difference, 'difference' | 'p' | 'pAdjusted'> | undefined {
  for (const pair of result.comparisons) {
    if (pair.dataset !== dataset) continue;
    if (pair.first === first && pair.second === second) return pair.mean;
    if (pair.first === second && pair.second === first) {
      return { ...pair.mean, difference: pair.mean.difference && negated(pair.mean.difference) };
    }
  }
  return undefined;
}

/** The same difference read the other way round. */
export function negated({ estimate, mean, low, high, ...rest }: Interval): Interval {
  return { ...rest, estimate: -estimate, mean: mean === undefined ? undefined : -mean, low: -high, high: -low };
}

/** Whether a shortcut does as well as the model, as far as these data can tell. */
export function reaches(shortcut: Interval, model: Interval): boolean {
  return shortcut.estimate >= model.low;
}

/** Whether it is a shortcut: of the lungs alone it shows nothing that a model should not use. */
export const isShortcut = ({ predictor }: Pick<ShortcutResult, 'predictor'>): boolean => predictor !== LUNG_ONLY;

/** The shortcut with the highest mean AUROC over the same findings as the model's mean. */
export function bestShortcut(
  result: Pick<ExperimentResult, 'shortcuts'>,
  cell: Cell,
): (ShortcutResult & { meanAuroc: Interval }) | undefined {
  return result.shortcuts
    .filter((shortcut): shortcut is ShortcutResult & { meanAuroc: Interval } => shortcut.meanAuroc !== null)
    .filter(isShortcut)
    .filter((shortcut) => shortcut.dataset === cell.dataset && sameMembers(shortcut.meanOver, cell.meanOver))
    .sort((a, b) => b.meanAuroc.estimate - a.meanAuroc.estimate)[0];
}

export function sameMembers(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item));
}

/** The findings of a cell at which some shortcut does as well as the model. */
export function findingsReached(result: Pick<ExperimentResult, 'shortcuts'>, cell: Cell): string[] {
  return cell.findings
    .filter(({ finding, auroc }) =>
      result.shortcuts.some(
        (shortcut) =>
          isShortcut(shortcut) &&
          shortcut.dataset === cell.dataset &&
          shortcut.findings.some((it) => it.finding === finding && auroc && it.auroc && reaches(it.auroc, auroc)),
      ),
    )
    .map(({ finding }) => finding);
}

/** The corrected p below which a difference counts as significant. */
export function significanceLevel({ statistics }: Pick<ExperimentResult, 'statistics'>): number {
  return Number((1 - statistics.confidence).toFixed(6));
}

/** What a difference, read as first - second, shows at a level: nothing ('open') is no evidence of equality. */
export type Outcome = 'better' | 'worse' | 'open' | 'untested';

export function outcomeOf(
  { difference, pAdjusted }: Pick<Difference, 'difference' | 'pAdjusted'>,
  level: number,
): Outcome {
  if (!difference || pAdjusted === null) return 'untested';
  if (pAdjusted >= level || difference.estimate === 0) return 'open';
  return difference.estimate > 0 ? 'better' : 'worse';
}

/** The initialization with the highest mean AUROC, and whether it is significantly above every other; undefined where it has no rival. */
export function leader(
  tested: { cells: readonly CellMean[]; comparisons: ExperimentResult['comparisons'] },
  dataset: string,
  { statistics }: Pick<ExperimentResult, 'statistics'>,
): { initialization: string; clear: boolean } | undefined {
  const [best, ...others] = ranked(tested, dataset);
  if (!best || others.length === 0) return undefined;
  const clear = others.every(({ initialization }) => {
    const pair = meanDifference(tested, dataset, best.initialization, initialization);
    return pair !== undefined && outcomeOf(pair, significanceLevel({ statistics })) === 'better';
  });
  return { initialization: best.initialization, clear };
}

/** Without the data sets that no model was trained on. */
export function ofTrained<R extends Pick<ExperimentResult, 'cells' | 'datasets'>>(result: R): R {
  const trained = new Set(result.cells.map(({ dataset }) => dataset));
  return { ...result, datasets: result.datasets.filter(({ name }) => trained.has(name)) };
}

/** Names in order of first appearance. */
export function distinct(names: readonly string[]): string[] {
  return [...new Set(names)];
}
