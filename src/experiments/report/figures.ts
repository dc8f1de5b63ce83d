import * as Plot from '@observablehq/plot';
import { compact, decimals, drawSvg, type Figure, listed, seriesOf, shortened } from '../../pages/index.js';
import type { ExperimentResult, Interval } from '../result.js';
import { range, signed } from './format.js';
import { legendOf } from './legend.js';
import { distinct, findCell, ranked, significanceLevel } from './select.js';

interface IntervalRow {
  label: string;
  interval: Interval;
  text: string;
  color: string;
}

const NEUTRAL = 'var(--muted)';

/** Per data set: mean AUROC of every initialization above that of every shortcut. */
export function modelsAndShortcuts(result: ExperimentResult): Figure {
  const groups = result.datasets.map(({ name }) => {
    const models = ranked(result, name).map(({ initialization, meanAuroc }) => ({
      label: initialization,
      interval: meanAuroc,
      color: seriesOf(result.initializations.findIndex((it) => it.name === initialization)).color,
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
      'Initializations (color) and shortcut predictors that need no anatomy (gray): mean test AUROC with interval. Dashed: chance.',
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
        label: `${first} \u2212 ${second}`,
        interval: mean.difference!,
        text: signed(mean.difference!.estimate),
        color: mean.pAdjusted !== null && mean.pAdjusted < level ? 'currentColor' : NEUTRAL,
      })),
  }));
  return {
    caption:
      'Pairwise differences of the mean test AUROC with intervals; right of the dashed line the first is better. ' +
      `Gray: corrected p not below ${compact(level)}.`,
    legend: [],
    panels: intervalPanels(groups, 'Difference of the mean test AUROC', 0),
  };
}

/** One panel per data set, all on the same scale. */
function intervalPanels(groups: { title: string; rows: IntervalRow[] }[], xLabel: string, reference: number) {
  const all = groups.flatMap(({ rows }) => rows);
  const ends = [...all.flatMap(({ interval }) => [interval.low, interval.high]), reference];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const pad = 0.03 * (high - low || 1);
  const scale = { domain: [low - pad, high + pad], reference, xLabel };
  const marginLeft = 16 + 6.8 * Math.max(0, ...all.map(({ label }) => shortened(label).length));
  return groups
    .filter(({ rows }) => rows.length > 0)
    .map(({ title, rows }) => ({ title, svg: intervalPlot(title, rows, scale, marginLeft) }));
}

function intervalPlot(
  dataset: string,
  rows: IntervalRow[],
  { domain, reference, xLabel }: { domain: number[]; reference: number; xLabel: string },
  marginLeft: number,
): string {
  const marks = rows.map((row, index) => ({
    ...row,
    ...row.interval,
    text: `${row.text} ${range(row.interval)}`,
    index,
  }));
  return drawSvg(`${xLabel}, ${dataset}: ${listed(marks.map(({ label, text }) => `${label} ${text}`))}`, {
    width: 800,
    height: 52 + 26 * rows.length,
    marginLeft,
    marginRight: 172,
    marginTop: 6,
    marginBottom: 42,
    x: { domain, label: xLabel, labelAnchor: 'center', labelArrow: 'none', ticks: 6, grid: true },
    y: {
      type: 'point',
      domain: rows.map((_, i) => i),
      tickSize: 0,
      label: null,
      tickFormat: (i) => shortened(rows[i]!.label),
    },
    color: { type: 'identity' },
    marks: [
      Plot.ruleX([reference], { stroke: 'currentColor', strokeDasharray: '4 3', strokeOpacity: 0.7 }),
      Plot.ruleY(marks, { y: 'index', x1: 'low', x2: 'high', stroke: 'color', strokeWidth: 2 }),
      Plot.dot(marks, { y: 'index', x: 'estimate', fill: 'color', r: 4.5 }),
      Plot.text(marks, { y: 'index', text: 'text', frameAnchor: 'right', textAnchor: 'start', dx: 12 }),
    ],
  });
}

/** Per data set: ROC curves, one panel per finding, one line per initialization. */
export function rocFigures(result: ExperimentResult): (Figure & { dataset: string })[] {
  return result.datasets.map(({ name }) => {
    const cells = result.initializations.map((it) => findCell(result, name, it.name));
    const findings = distinct(cells.flatMap((cell) => cell?.roc.map(({ finding }) => finding) ?? []));
    const panels = findings.map((finding) => {
      const lines = cells.map((cell) => thinned(cell?.roc.find((it) => it.finding === finding)?.points ?? []));
      const areas = cells.flatMap((cell) => {
        const auroc = cell?.findings.find((it) => it.finding === finding)?.auroc;
        return auroc ? [`${cell!.initialization} AUROC ${decimals(auroc.estimate)}`] : [];
      });
      const axis = { domain: [0, 1], ticks: [0, 0.5, 1], labelAnchor: 'center', labelArrow: 'none' } as const;
      const svg = drawSvg(`ROC curves for ${finding}, ${name}: ${listed(areas)}`, {
        width: 228,
        height: 224,
        marginLeft: 44,
        marginBottom: 38,
        marginTop: 8,
        marginRight: 10,
        x: { ...axis, label: '1 \u2212 specificity' },
        y: { ...axis, label: 'Sensitivity' },
        marks: [
          Plot.frame({ strokeOpacity: 0.3 }),
          Plot.line(
            [
              [0, 0],
              [1, 1],
            ],
            { stroke: NEUTRAL, strokeDasharray: '3 3', strokeWidth: 1 },
          ),
          ...lines.map((points, i) =>
            Plot.line(points, { stroke: seriesOf(i).color, strokeDasharray: seriesOf(i).dash, strokeWidth: 1.8 }),
          ),
        ],
      });
      return { title: finding, svg };
    });
    return {
      dataset: name,
      caption: `ROC curves on the test split of ${name}, one panel per estimable finding.`,
      legend: legendOf(result),
      panels,
    };
  });
}

/** Drops points that lie closer than a pixel to the one before; the first and the last stay. */
export function thinned<P extends readonly [number, number]>(points: readonly P[], step = 1 / 200): P[] {
  const kept: P[] = [];
  for (const [i, point] of points.entries()) {
    const before = kept.at(-1);
    const near = before && Math.abs(point[0] - before[0]) < step && Math.abs(point[1] - before[1]) < step;
    if (!near || i === points.length - 1) kept.push(point);
  }
  return kept;
}
