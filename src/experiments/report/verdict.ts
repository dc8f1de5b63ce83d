import { CORRECTION_NAMES } from '../../evaluation/index.js';
import { count, counted, decimals, listed } from '../../pages/index.js';
import type { Cell, ExperimentResult } from '../result/index.js';
import { confidence, evidenceText } from './format.js';
import { byPretraining } from './seeds.js';
import {
  bestShortcut,
  distinct,
  type EstimatedCell,
  findingsReached,
  leader,
  meanDifference,
  ofTrained,
  outcomeOf,
  ranked,
  reaches,
  significanceLevel,
} from './select.js';
import { onAnalyses } from './verdict-analyses.js';
import { onExternal } from './verdict-external.js';
import { onFindings } from './verdict-findings.js';
import { onMargin } from './verdict-margin.js';
import { onMatrix } from './verdict-matrix.js';

type Evidence = Omit<ExperimentResult, 'verdict'>;

/**
 * What the numbers allow to be said, in sentences: over all data sets; per data set the initialization with the highest mean AUROC, its
 * lead over every other with interval and corrected p, and whether a shortcut does as well; whether that holds in
 * the settings of a matrix and on other data sets; what the analyses of the best models found; and what the numbers do not hold.
 */
export function verdict(whole: Evidence): string[] {
  const result = ofTrained(whole);
  const best = result.datasets.flatMap(({ name }) => ranked(result, name).slice(0, 1));
  return [
    ...(result.datasets.length > 1 ? overDatasets(result) : []),
    ...result.datasets.flatMap(({ name }) => onDataset(result, name)),
    ...onFindings(result),
    ...onMatrix(result),
    ...onExternal(result),
    ...onAnalyses(result, best),
    ...best.flatMap(leftOut),
    ...families(result),
    ...limits(result),
  ];
}

function onDataset(result: Evidence, dataset: string): string[] {
  const [best, ...others] = ranked(result, dataset);
  if (!best) return [`${dataset}: no finding can be estimated on the test split, so nothing can be said.`];
  return [
    lead(result, best, others),
    ...(others.length > 0 ? [versus(result, best, others)] : []),
    ...onMargin(result, best),
    ...shortcuts(result, best),
  ];
}

function lead(result: Evidence, best: EstimatedCell, others: EstimatedCell[]): string {
  const { estimate, low, high } = best.meanAuroc;
  const { test } = result.datasets.find(({ name }) => name === best.dataset)!.splits;
  const [finding] = best.meanOver;
  const measure =
    best.meanOver.length === 1 ? `AUROC for ${finding}` : `mean AUROC over ${counted(best.meanOver.length, 'finding')}`;
  const subject =
    others.length > 0 ? `${best.initialization} has the highest ${measure}` : `${measure} of ${best.initialization}`;
  return (
    `${best.dataset}: ${subject}: ${decimals(estimate)} ` +
    `(${confidence(result.statistics.confidence)} interval ${decimals(low)} to ${decimals(high)}; ` +
    `${seedsOf([best, ...others])}, ${counted(test.images, 'test radiograph')} of ${counted(test.patients, 'patient')}).`
  );
}

function seedsOf(cells: Cell[]): string {
  const groups = cells.map(({ runs }) => byPretraining(runs));
  const pretrainings = groups.map(({ length }) => length);
  const [fewest, most] = [Math.min(...pretrainings), Math.max(...pretrainings)];
  const seeds = groups[0]?.[0]?.length ?? 0;
  if (most === 1) return `${counted(seeds, 'training seed')}${cells.length > 1 ? ' each' : ''}`;
  return `${counted(seeds, 'fine-tuning seed')} for each of ${fewest < most ? 'up to ' : ''}${most} pretraining seeds`;
}

function versus(result: Evidence, best: EstimatedCell, others: EstimatedCell[]): string {
  const leads = others.map(({ dataset, initialization, meanAuroc }) => {
    const pair = meanDifference(result, dataset, best.initialization, initialization);
    if (!pair?.difference || pair.pAdjusted === null) {
      return { initialization, kind: 'untested', text: `${initialization} (${decimals(meanAuroc.estimate)})` } as const;
    }
    const kind = outcomeOf(pair, significanceLevel(result)) === 'better' ? 'clear' : 'open';
    const text = `${initialization} by ${decimals(pair.difference.estimate)} (${evidenceText(pair, result)})`;
    return { initialization, kind, text } as const;
  });
  const texts = (wanted: string) => leads.filter(({ kind }) => kind === wanted).map(({ text }) => text);
  const [clear, open, untested] = [texts('clear'), texts('open'), texts('untested')];
  const parts = [
    ...(clear.length > 0 ? [`significantly better than ${listed(clear)}`] : []),
    ...(open.length > 0 ? [`ahead of ${listed(open)}, which is not significant at ${significanceLevel(result)}`] : []),
    ...(untested.length > 0 ? [`above ${listed(untested)}, which could not be tested`] : []),
  ];
  const rivals = leads.filter(({ kind }) => kind === 'open').map(({ initialization }) => initialization);
  const unsettled = `These data do not settle whether ${best.initialization} is better than ${listed(rivals, 'or')}.`;
  return `${best.dataset}: ${best.initialization} is ${parts.join('; ')}.${rivals.length > 0 ? ` ${unsettled}` : ''}`;
}

function shortcuts(result: Evidence, best: EstimatedCell): string[] {
  const tested = result.shortcuts.filter(({ dataset }) => dataset === best.dataset);
  const sentences: string[] = [];
  const shortcut = bestShortcut(result, best);
  if (shortcut) {
    const { estimate } = shortcut.meanAuroc;
    const { low, high, estimate: model } = best.meanAuroc;
    const who = `the shortcut "${shortcut.predictor}", a logistic regression, reaches ${decimals(estimate)}`;
    sentences.push(
      estimate > high
        ? `${best.dataset}: ${who}, above the interval of the best model: these AUROCs alone do not show that any model reads anatomy.`
        : reaches(shortcut.meanAuroc, best.meanAuroc)
          ? `${best.dataset}: ${who}, ${estimate > model ? 'more than' : 'within the interval of'} the best model (${decimals(model)}): these AUROCs alone do not show that any model reads anatomy.`
          : `${best.dataset}: the best shortcut, "${shortcut.predictor}", reaches ${decimals(estimate)}, below the interval of the best model (from ${decimals(low)}).`,
    );
  } else if (tested.length > 0) {
    sentences.push(`${best.dataset}: no shortcut predictor could be estimated over the same findings as the models.`);
  } else {
    sentences.push(
      `${best.dataset}: no shortcut predictor was run, so it is unknown what part of these AUROCs a shortcut reaches.`,
    );
  }
  const reached = findingsReached(result, best);
  if (best.meanOver.length > 1 && reached.length > 0) {
    sentences.push(
      `${best.dataset}: for ${reached.length} of ${counted(best.meanOver.length, 'finding')} (${listed(reached)}) some shortcut lies ` +
        `within or above the interval of ${best.initialization}.`,
    );
  }
  return sentences;
}

function leftOut(best: Cell): string[] {
  if (best.notEstimable.length === 0) return [];
  const items = best.notEstimable.map(
    ({ finding, positives, negatives }) => `${finding} (${count(positives)} positive, ${count(negatives)} negative)`,
  );
  return [
    `${best.dataset}: ${listed(items)} could not be estimated on the test split and ${items.length === 1 ? 'is' : 'are'} not in the mean.`,
  ];
}

function overDatasets(result: Evidence): string[] {
  const tops = result.datasets.flatMap(({ name }) => leader(result, name, result) ?? []);
  const winners = distinct(tops.map(({ initialization }) => initialization));
  const items = winners.map((name) => {
    const won = tops.filter(({ initialization }) => initialization === name);
    return (
      `${name} is highest on ${won.length} of ${counted(tops.length, 'data set')} ` +
      `(significantly above every other on ${won.filter(({ clear }) => clear).length})`
    );
  });
  if (items.length === 0) return [];
  const tail = winners.length > 1 ? '; no initialization is highest everywhere' : '';
  return [`Over all data sets: ${listed(items)}${tail}.`];
}

/** Over what the p-values of the sentences were corrected. */
function families({ statistics, comparisons, matrix, externalComparisons = [], matched = [] }: Evidence): string[] {
  if (comparisons.length + externalComparisons.length === 0) return [];
  if (statistics.correction === 'none') {
    return ['p-values: two-sided, not corrected for the number of comparisons.'];
  }
  const others = [
    `for findings over ${statistics.families.findings}`,
    ...(matrix?.comparisons.length ? ['between settings over the pairs of one initialization and data set'] : []),
    ...(externalComparisons.length > 0
      ? ['in external validation over the pairs of one training and one test data set']
      : []),
    ...(matched.length > 0 ? ['those of matched pairs not at all'] : []),
  ];
  return [
    `p-values: two-sided, corrected by ${CORRECTION_NAMES[statistics.correction]} over ${statistics.families.mean}` +
      `${matrix ? ', in each setting by itself' : ''}${others.map((it) => `; ${it}`).join('')}. Nothing is corrected across these families.`,
  ];
}

function limits(result: Evidence): string[] {
  const sentences: string[] = [];
  const { pretraining, finetuning } = result.statistics.seedsRedrawn;
  if (!pretraining && !finetuning) {
    sentences.push(
      'Seeds: one training seed per cell was run; the intervals hold the chance of the test set, not that of the training.',
    );
  } else if (!finetuning) {
    sentences.push(
      'Seeds: one fine-tuning seed was run; the intervals hold the chance of the test set and of the pretraining, not that of the fine-tuning.',
    );
  }
  const once = result.initializations.filter(({ pretrainings }) => pretrainings?.length === 1).map(({ name }) => name);
  if (once.length > 0) {
    sentences.push(
      `Seeds: ${listed(once)} ${once.length === 1 ? 'was' : 'were each'} pretrained once; what another pretraining run would give is not in these intervals.`,
    );
  }
  return sentences;
}
