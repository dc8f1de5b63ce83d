import * as Plot from '@observablehq/plot';
import { decimals, drawSvg, type Figure, listed, seriesOf } from '../../pages/index.js';
import type { Cell, ExperimentResult } from '../result/index.js';
import { NEUTRAL } from './intervals.js';
import { legendOf } from './legend.js';
import { distinct, findCell } from './select.js';

type Point = readonly [x: number, y: number];

/** A small plot per finding on axes from 0 to 1, with a line per initialization. */
interface Grid {
  /** e.g. 'ROC curves'. */
  name: string;
  caption: string;
  x: string;
  y: string;
  curves: (cell: Cell) => readonly { finding: string; points: readonly Point[] }[];
  /** What is said of a curve to those who cannot see it. */
  say: (cell: Cell, finding: string) => string | undefined;
  diagonal: boolean;
  /** Points are few and drawn as such, joined by lines; else many, and thinned. */
  dots?: boolean;
  /** A value holds down to the point before, as precision at a recall. */
  steps?: boolean;
}

/** Per data set: ROC curves. */
export function rocFigures(result: ExperimentResult): Figure[] {
  return grids(result, {
    name: 'ROC curves',
    caption:
      'one panel per estimable finding; of several runs the mean sensitivity at each specificity. Dashed: chance.',
    x: '1 \u2212 specificity',
    y: 'Sensitivity',
    curves: ({ roc }) => roc,
    say: ({ findings }, finding) => {
      const auroc = findings.find((it) => it.finding === finding)?.auroc;
      return auroc ? `AUROC ${decimals(auroc.estimate)}` : undefined;
    },
    diagonal: true,
  });
}

/** Per data set: precision against recall, where the result has it. */
export function precisionRecallFigures(result: ExperimentResult): Figure[] {
  return grids(result, {
    name: 'Precision-recall curves',
    caption: 'one panel per estimable finding; of several runs the mean. By chance the precision is the prevalence.',
    x: 'Recall (sensitivity)',
    y: 'Precision',
    curves: ({ precisionRecall = [] }) => precisionRecall,
    say: ({ precisionRecall = [] }, finding) => {
      const own = precisionRecall.find((it) => it.finding === finding);
      return own && `average precision ${decimals(own.averagePrecision)}`;
    },
    diagonal: false,
    steps: true,
  });
}

/** Per data set: share of positives against predicted probability, where the result has it. */
export function reliabilityFigures(result: ExperimentResult): Figure[] {
  return grids(result, {
    name: 'Reliability curves',
    caption: 'bins of about equally many radiographs. On the diagonal a probability means what it says.',
    x: 'Predicted probability',
    y: 'Share of positives',
    curves: ({ calibration = [] }) =>
      calibration.map(({ finding, raw }) => ({
        finding,
        points: raw.reliability.map(([probability, share]): Point => [probability, share]),
      })),
    say: ({ calibration = [] }, finding) => {
      const own = calibration.find((it) => it.finding === finding);
      return own && `calibration error ${decimals(own.raw.ece.equalMass)}`;
    },
    diagonal: true,
    dots: true,
  });
}

function grids(result: ExperimentResult, grid: Grid): Figure[] {
  return result.datasets.map(({ name }) => {
    const cells = result.initializations.map((it) => findCell(result, name, it.name));
    const findings = distinct(cells.flatMap((cell) => (cell ? grid.curves(cell).map(({ finding }) => finding) : [])));
    return {
      caption: `${grid.name} on the test split of ${name}, ${grid.caption}`,
      legend: legendOf(result),
      panels: findings.map((finding) => ({ title: finding, svg: panel(grid, cells, name, finding) })),
    };
  });
}

function panel(grid: Grid, cells: (Cell | undefined)[], dataset: string, finding: string): string {
  const said = cells.flatMap((cell) => {
    const text = cell && grid.say(cell, finding);
    return text ? [`${cell.initialization} ${text}`] : [];
  });
  const axis = { domain: [0, 1], ticks: [0, 0.5, 1], labelAnchor: 'center', labelArrow: 'none' } as const;
  const diagonal: Point[] = [
    [0, 0],
    [1, 1],
  ];
  const lines = cells.flatMap((cell, i) => {
    const points = cell && grid.curves(cell).find((it) => it.finding === finding)?.points;
    if (!points) return [];
    const { color, dash } = seriesOf(i);
    const shown = grid.dots ? [...points] : thinned(points);
    const curve = grid.steps ? 'step-before' : 'linear';
    return [
      Plot.line(shown, { curve, stroke: color, strokeDasharray: dash, strokeWidth: grid.dots ? 1.2 : 1.8 }),
      ...(grid.dots ? [Plot.dot(shown, { fill: color, r: 2.2 })] : []),
    ];
  });
  return drawSvg(`${grid.name} for ${finding}, ${dataset}: ${listed(said)}`, {
    width: 228,
    height: 224,
    marginLeft: 44,
    marginBottom: 38,
    marginTop: 8,
    marginRight: 10,
    x: { ...axis, label: grid.x },
    y: { ...axis, label: grid.y },
    marks: [
      Plot.frame({ strokeOpacity: 0.3 }),
      ...(grid.diagonal ? [Plot.line(diagonal, { stroke: NEUTRAL, strokeDasharray: '3 3', strokeWidth: 1 })] : []),
      ...lines,
    ],
  });
}

/** Drops points that lie closer than a pixel to the one before; the first and the last stay. */
export function thinned<P extends Point>(points: readonly P[], step = 1 / 200): P[] {
  const kept: P[] = [];
  for (const [i, point] of points.entries()) {
    const before = kept.at(-1);
    const near = before && Math.abs(point[0] - before[0]) < step && Math.abs(point[1] - before[1]) < step;
    if (!near || i === points.length - 1) kept.push(point);
  }
  return kept;
}
