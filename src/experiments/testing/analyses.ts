/** What a test is made of: analyses that need nothing of each other, so that each can run in a thread of its own. */
import type {
  Cell,
  ConfoundingResult,
  DegradedResult,
  MatchedResult,
  SettingComparison,
  ShortcutResult,
  SubgroupResult,
} from '../result/index.js';
import { confoundingResults } from './confounding.js';
import { degradedResults } from './degraded-results.js';
import {
  type CellCurves,
  type DatasetEvaluation,
  evaluateCurves,
  evaluateDataset,
  evaluateFolds,
  modelOf,
  type RedrawThreads,
  runsOf,
} from './evaluate.js';
import { diagonal, type ExternalResults, externalResults } from './external-results.js';
import { redrawingOfTest } from './groups.js';
import { type PairPermutation, permutationOfPair, withPermutations } from './permutations.js';
import { compareSettings } from './setting-comparisons.js';
import { shortcutsOf } from './shortcuts.js';
import { groupResults } from './subgroups.js';
import type { DatasetTesting, TestingInput } from './testing-input.js';

export interface DatasetTest extends DatasetEvaluation, ExternalResults {
  shortcuts: ShortcutResult[];
  degraded: DegradedResult[];
  subgroups: SubgroupResult[];
  confounding: ConfoundingResult[];
  matched: MatchedResult[];
}

/** What an analysis tells. */
export type Told = Partial<Omit<DatasetTest, 'cells'>> & {
  /** The curves may come from another one. */
  cells?: (Omit<Cell, keyof CellCurves> & Partial<CellCurves>)[];
  curves?: ({ initialization: string } & CellCurves)[];
  permutations?: PairPermutation[];
  settings?: SettingComparison[];
};

export interface Analysis {
  /** For people. */
  title: string;
  /** What it looks at beside predictions, labels and findings. */
  looksAt?: 'radiographs' | 'pixels';
  /** Whether its redraws can take several threads. */
  takesThreads?: true;
  analyse(threads: RedrawThreads): Told;
}

/** The analyses of a test, the same ones wherever it runs; the redraws of its models come first. */
export function analysesOf(input: TestingInput): Analysis[] {
  if (input.test === 'dataset') return ofDataset(input);
  const { cells, dataset, config } = input;
  return [...new Set(cells.map(({ initialization }) => initialization))].map((initialization) => {
    const own = cells.filter((cell) => cell.initialization === initialization);
    return {
      title: `settings of ${initialization}`,
      takesThreads: true,
      analyse: ({ threads }) => ({ settings: compareSettings(own, dataset, config, threads) }),
    };
  });
}

function ofDataset(input: DatasetTesting & TestingInput): Analysis[] {
  const { config, folder, dataset, cells, external, isReference } = input;
  const analyses: Analysis[] = [];
  if (cells.length > 0 && config.crossValidation) {
    const analyse = (threads: RedrawThreads) => evaluateFolds(cells, config, folder, threads);
    analyses.push({ title: 'models', takesThreads: true, analyse });
  } else if (cells.length > 0) {
    const analyse = (threads: RedrawThreads) => evaluateDataset(cells, config, folder, threads);
    analyses.push({ title: 'models', takesThreads: true, analyse });
    if (isReference) analyses.push(...ofReference(input));
    for (const cell of cells) {
      const initialization = cell.start.summary.name;
      analyses.push({
        title: `curves and calibration of ${initialization}`,
        analyse: () => ({ curves: [{ initialization, ...evaluateCurves(cell, config) }] }),
      });
    }
  }
  for (const trainedOn of new Set(external.map((cell) => cell.trainedOn))) {
    const own = external.filter((cell) => cell.trainedOn === trainedOn);
    analyses.push({
      title: `models of ${trainedOn}`,
      looksAt: 'radiographs',
      takesThreads: true,
      analyse: (threads) => externalResults(dataset, own, config, threads),
    });
  }
  return analyses;
}

/** What the models read is looked into in the reference setting alone. */
function ofReference({ config, dataset, cells, degraded }: DatasetTesting & TestingInput): Analysis[] {
  const { statistics } = config;
  const redrawing = () => redrawingOfTest(dataset, config);
  return [
    { title: 'shortcuts', looksAt: 'pixels', analyse: () => ({ shortcuts: shortcutsOf(dataset, redrawing()) }) },
    ...cells.map((cell): Analysis => {
      const model = () => modelOf(cell, runsOf(cell, config));
      return {
        title: `subgroups of ${cell.start.summary.name}`,
        looksAt: 'radiographs',
        analyse: () => groupResults(dataset, model(), { ...statistics, ...redrawing() }),
      };
    }),
    ...[...new Set(degraded.map(({ plain }) => plain))].map((plain): Analysis => {
      const own = degraded.filter((run) => run.plain === plain);
      return {
        title: `degraded images of ${own[0]!.initialization}`,
        looksAt: 'radiographs',
        analyse: () => ({ degraded: degradedResults(own, dataset, redrawing()) }),
      };
    }),
    ...pairsOf(statistics.permutations > 0 ? cells : []).map(([first, second]): Analysis => {
      const [a, b] = [first, second].map(({ start }) => start.summary.name);
      return {
        title: `permutation test of ${a} and ${b}`,
        analyse: () => ({ permutations: [permutationOfPair(first, second, config)] }),
      };
    }),
    {
      title: 'confounding',
      looksAt: 'radiographs',
      analyse: () => ({ confounding: confoundingResults(dataset, statistics) }),
    },
  ];
}

const pairsOf = <T>(items: readonly T[]): [T, T][] =>
  items.flatMap((first, i) => items.slice(i + 1).map((second): [T, T] => [first, second]));

/** The whole test from what its analyses tell, in their order. */
export function joined(input: TestingInput, told: readonly Told[]): DatasetTest | SettingComparison[] {
  const all = <K extends keyof Told>(key: K) => told.flatMap((own) => (own[key] ?? []) as never[]) as Told[K] & object;
  if (input.test === 'settings') return all('settings');
  const curves = all('curves');
  const cells = all('cells').map((cell) => {
    const { initialization, ...own } = curves.find((it) => it.initialization === cell.initialization) ?? cell;
    return { ...cell, ...own } as Cell;
  });
  const others = all('externalValidation');
  return {
    cells,
    comparisons: withPermutations(all('comparisons'), all('permutations')),
    shortcuts: all('shortcuts'),
    degraded: all('degraded'),
    subgroups: all('subgroups'),
    confounding: all('confounding'),
    matched: all('matched'),
    undefinedRedraws: told.reduce((sum, { undefinedRedraws = 0 }) => sum + undefinedRedraws, 0),
    externalValidation: input.external.length > 0 ? [...cells.map(diagonal), ...others] : [],
    externalComparisons: all('externalComparisons'),
  };
}
