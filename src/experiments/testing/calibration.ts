import {
  brierDecomposition,
  expectedCalibrationError,
  findingColumn,
  fitPlatt,
  fitTemperature,
  type LogitScaling,
  reliabilityCurve,
  rescale,
} from '../../evaluation/index.js';
import type { Predictions } from '../finetuning/predictions.js';
import type { CalibrationMeasure, FindingCalibration } from '../result/index.js';

/** One training's probabilities of one finding with the labels, `[N]`. */
interface Column {
  probabilities: Float64Array | Float32Array;
  labels: Float32Array;
}

/**
 * How far probabilities are what they say, per finding that has a positive and a negative in the test split: as the models give them, and
 * after temperature and Platt scaling, which each run fits on its own validation split. Measures are means over runs, reliability
 * curves those of the rows of all runs together.
 */
export function calibrationOf(
  runs: readonly { validate: Predictions; test: Predictions }[],
  findings: readonly string[],
  estimable: readonly string[],
): FindingCalibration[] {
  const F = findings.length;
  return estimable.map((finding) => {
    const f = findings.indexOf(finding);
    const column = ({ probabilities, labels }: Predictions): Column => ({
      probabilities: findingColumn(probabilities, F, f),
      labels: findingColumn(labels, F, f),
    });
    const validation = runs.map(({ validate }) => column(validate));
    const test = runs.map((run) => column(run.test));
    const temperatures = validation.map(({ probabilities, labels }) => fitTemperature(probabilities, labels));
    const scalings = validation.map(({ probabilities, labels }) => fitPlatt(probabilities, labels));
    const byTemperature = temperatures.map((temperature) => ({ slope: 1 / temperature, intercept: 0 }));
    return {
      finding,
      raw: measureOf(test),
      temperature: isFitted(byTemperature) ? { ...measureOf(scaled(test, byTemperature)), temperatures } : null,
      platt: isFitted(scalings) ? { ...measureOf(scaled(test, scalings)), scalings } : null,
    };
  });
}

const isFitted = (scalings: readonly LogitScaling[]) => scalings.every(({ slope }) => Number.isFinite(slope));

const scaled = (columns: readonly Column[], scalings: readonly LogitScaling[]): Column[] =>
  columns.map(({ probabilities, labels }, i) => ({ probabilities: rescale(probabilities, scalings[i]!), labels }));

function measureOf(columns: readonly Column[]): CalibrationMeasure {
  const mean = (of: (column: Column) => number) => columns.reduce((sum, it) => sum + of(it), 0) / columns.length;
  const parts = columns.map(({ probabilities, labels }) => brierDecomposition(probabilities, labels));
  const meanPart = (of: (part: (typeof parts)[number]) => number) =>
    parts.reduce((sum, part) => sum + of(part), 0) / parts.length;
  const ece = (equal: 'width' | 'mass') =>
    mean(({ probabilities, labels }) => expectedCalibrationError(reliabilityCurve(probabilities, labels, { equal })));
  const together = (of: (column: Column) => ArrayLike<number>) =>
    Float64Array.from(columns.flatMap((column) => Array.from(of(column))));
  const reliability = reliabilityCurve(
    together(({ probabilities }) => probabilities),
    together(({ labels }) => labels),
    { equal: 'mass' },
  );
  return {
    brier: meanPart(({ brier }) => brier),
    miscalibration: meanPart(({ miscalibration }) => miscalibration),
    discrimination: meanPart(({ discrimination }) => discrimination),
    uncertainty: meanPart(({ uncertainty }) => uncertainty),
    ece: { equalWidth: ece('width'), equalMass: ece('mass') },
    reliability: reliability.map(({ meanProbability, positiveShare, rows }) => [meanProbability, positiveShare, rows]),
  };
}
