import * as Plot from '@observablehq/plot';
import { compact, drawSvg, type Figure, listed, seriesOf } from '../../pages/index.js';
import type { Cell, ExperimentResult, Run } from '../result/index.js';
import { legendOf } from './legend.js';

type Quantity = 'validationLoss' | 'validationAuroc';
type Step = [epoch: number, value: number];

/** Per data set: validation loss and AUROC per epoch; thin lines are runs, thick lines their mean. */
export function learningFigures(result: ExperimentResult): (Figure & { dataset: string })[] {
  return result.datasets.map(({ name }) => {
    const cells = result.initializations.map((it) =>
      result.cells.find((cell) => cell.dataset === name && cell.initialization === it.name),
    );
    return {
      dataset: name,
      caption:
        `Learning curves on the validation split of ${name}. Thin: one run. Thick: mean, as far as every run went. ` +
        'Dots: the epochs whose weights were tested.',
      legend: legendOf(result),
      panels: [
        { title: 'Validation loss', svg: learningPlot(cells, 'validationLoss', `Validation loss per epoch, ${name}`) },
        {
          title: 'Validation AUROC',
          svg: learningPlot(cells, 'validationAuroc', `Validation AUROC per epoch, ${name}`),
        },
      ],
    };
  });
}

function learningPlot(cells: (Cell | undefined)[], quantity: Quantity, label: string): string {
  const marks = cells.flatMap((cell, i) => {
    if (!cell) return [];
    const { color, dash } = seriesOf(i);
    const bests = cell.runs.flatMap((run) => stepsOf(run, quantity).filter(([epoch]) => epoch === run.bestEpoch));
    return [
      ...cell.runs.map((run) =>
        Plot.line(stepsOf(run, quantity), { stroke: color, strokeWidth: 0.8, strokeOpacity: 0.55 }),
      ),
      Plot.line(meanOfRuns(cell.runs, quantity), { stroke: color, strokeWidth: 2.2, strokeDasharray: dash }),
      Plot.dot(bests, { fill: color, r: 3, stroke: 'var(--page)', strokeWidth: 0.8 }),
    ];
  });
  const epochs = Math.max(...cells.flatMap((cell) => (cell?.runs ?? []).map(({ curve }) => curve.length)), 2);
  // No more ticks than steps of a whole epoch.
  const ticks = Math.min(6, epochs - 1);
  return drawSvg(label, {
    width: 460,
    height: 260,
    marginLeft: 48,
    marginBottom: 38,
    marginRight: 10,
    x: { label: 'Epoch', labelAnchor: 'center', labelArrow: 'none', ticks, tickFormat: '~d' },
    y: { label: null, grid: true, ticks: 5 },
    marks,
  });
}

function stepsOf(run: Run, quantity: Quantity): Step[] {
  return run.curve.flatMap((at): Step[] => {
    const value = at[quantity];
    return value === null ? [] : [[at.epoch, value]];
  });
}

/** The mean over runs, for the epochs that every run has: a run that stopped early must not bend the line. */
export function meanOfRuns(runs: Run[], quantity: Quantity): Step[] {
  if (runs.length === 0) return [];
  const [first, ...rest] = runs.map((run) => new Map(stepsOf(run, quantity)));
  return [...first!].flatMap(([epoch, value]): Step[] => {
    const values = [value, ...rest.map((steps) => steps.get(epoch))];
    if (values.some((it) => it === undefined)) return [];
    return [[epoch, values.reduce<number>((sum, it) => sum + it!, 0) / values.length]];
  });
}

/** The loss of every pretraining, one panel per initialization: their scales cannot be compared. */
export function pretrainingFigure(result: ExperimentResult): Figure {
  const panels = result.initializations.flatMap(({ name, pretrainings = [] }, i) => {
    const losses = pretrainings.map(({ loss }) => loss).filter(({ length }) => length > 0);
    if (losses.length === 0) return [];
    const ends = losses.map((loss) => compact(loss.at(-1)!.loss));
    const svg = drawSvg(`Pretraining loss of ${name}, ${listed(ends)} at step ${losses[0]!.at(-1)!.step}`, {
      width: 460,
      height: 220,
      marginLeft: 48,
      marginBottom: 38,
      marginRight: 14,
      x: { label: 'Step', labelAnchor: 'center', labelArrow: 'none', ticks: 6 },
      y: { label: null, grid: true, ticks: 5 },
      marks: losses.map((loss) =>
        Plot.line(loss, {
          x: 'step',
          y: 'loss',
          stroke: seriesOf(i).color,
          strokeWidth: losses.length > 1 ? 1.2 : 1.8,
        }),
      ),
    });
    return [{ title: name, svg }];
  });
  return {
    caption: 'Pretraining loss per step, one line per seed. The losses of different objectives cannot be compared.',
    legend: [],
    panels,
  };
}
