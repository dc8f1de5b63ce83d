import { compact, decimals, type Figure, seriesOf, shortened } from '../../pages/index.js';
import type { ExperimentResult } from '../result/index.js';
import { confidence, pName, signed } from './format.js';
import { intervalPanels, NEUTRAL } from './intervals.js';
import { ranked, significanceLevel } from './select.js';

/** The color of an initialization in every figure. */
export function colorOf({ initializations }: Pick<ExperimentResult, 'initializations'>, name: string): string {
  return seriesOf(initializations.findIndex((it) => it.name === name)).color;
}

/** Per data set: mean AUROC of every initialization above that of every shortcut. */
export function modelsAndShortcuts(result: ExperimentResult): Figure {
  const groups = result.datasets.map(({ name }) => {
    const models = ranked(result, name).map(({ initialization, meanAuroc }) => ({
      label: initialization,
      interval: meanAuroc,
      color: colorOf(result, initialization),
    }));
    const shortcuts = result.shortcuts
      .filter(({ dataset, meanAuroc }) => dataset === name && meanAuroc !== null)
      .map(({ predictor, meanAuroc }) => ({ label: predictor, interval: meanAuroc!, color: NEUTRAL }))
      .sort((a, b) => b.interval.estimate - a.interval.estimate);
    const rows = [...models, ...shortcuts].map((row) => ({ ...row, text: decimals(row.interval.estimate) }));
    return { title: name, rows };
  });
  return {
    caption:
      'Initializations (color) and logistic regressions on simple features (gray): mean test AUROC with ' +
      `${confidence(result.statistics.confidence)} interval. Dashed: chance.`,
    legend: [],
    panels: intervalPanels(groups, 'Mean test AUROC', 0.5),
  };
}

/** Per data set: every pairwise difference of the mean AUROC. */
export function forest(result: ExperimentResult): Figure {
  const level = significanceLevel(result);
  const groups = result.datasets.map(({ name }) => ({
    title: name,
    rows: result.comparisons
      .filter(({ dataset, mean }) => dataset === name && mean.difference !== null)
      .map(({ first, second, mean }) => ({
        // Both names are told apart, however long they are.
        label: `${shortened(first, 22)} \u2212 ${shortened(second, 22)}`,
        interval: mean.difference!,
        text: signed(mean.difference!.estimate),
        color: mean.pAdjusted !== null && mean.pAdjusted < level ? 'currentColor' : NEUTRAL,
      })),
  }));
  return {
    caption:
      `Pairwise differences of the mean test AUROC with ${confidence(result.statistics.confidence)} intervals; right of the dashed line the first is better. ` +
      `Gray: ${pName(result)} not below ${compact(level)}.`,
    legend: [],
    panels: intervalPanels(groups, 'Difference of the mean test AUROC', 0),
  };
}
