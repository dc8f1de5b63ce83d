import { count, counted, listed } from '../../pages/index.js';
import type { ExperimentConfig } from '../config/schema.js';
import type { ExperimentResult, MatrixFactor } from '../result/index.js';
import { distinct, significanceLevel } from './select.js';

/** How radiographs became the network's input; nothing of what an older result does not say. */
export function imagesText(configuration: unknown): string {
  const { preprocessing: it } = (configuration ?? {}) as { preprocessing?: Partial<ExperimentConfig['preprocessing']> };
  if (!it) return '';
  const fits = { stretch: 'stretched to a square', crop: 'cut to their central square', pad: 'padded to a square' };
  const steps = [
    `${fits[it.fit ?? 'stretch']} of the network\u2019s input size (${it.interpolation ?? 'lanczos'} interpolation)`,
    ...(it.minMax ? ['spread from their minimum and maximum to 0 to 255'] : []),
    ...(it.equalize ? ['equalized by histogram'] : []),
  ];
  return `Radiographs were ${listed(steps, 'and then')}. `;
}

/** What was done beside the main comparison: a sentence or two for each analysis that the result has. */
export function analysesText(result: ExperimentResult): string {
  return [
    ...matrixText(result),
    ...externalText(result),
    ...subgroupText(result),
    ...matchedText(result),
    ...degradedText(result),
    ...calibrationText(result),
    `A difference is called significant where its p, corrected if it was, is below ${significanceLevel(result)}; one that is not is no evidence of equality.` +
      (result.statistics.margin === undefined ? ' The configuration names no smallest difference that matters.' : ''),
  ].join(' ');
}

const FACTORS: Record<MatrixFactor, (values: readonly (number | string)[]) => string> = {
  imageSize: (sizes) => `image size (${sizes.join(', ')} px)`,
  labelFraction: (shares) =>
    `share of labels (${shares.map((it) => `${Number((100 * Number(it)).toPrecision(6))} %`).join(', ')})`,
  tuning: (names) => `tuning (${names.join(', ')})`,
};

function matrixText({ matrix }: ExperimentResult): string[] {
  if (!matrix) return [];
  const { factors, settings } = matrix;
  const [reference] = settings;
  return [
    `Initializations were fine-tuned and tested in ${counted(settings.length, 'setting')}, every combination of ` +
      `${listed(factors.map(({ factor, values }) => FACTORS[factor](values)))}; what is not said to be of another setting is of the reference, ` +
      `${reference?.name}.`,
    ...(factors.some(({ factor }) => factor === 'labelFraction')
      ? [
          'A share of labels is one of the training patients, drawn anew with each fine-tuning seed; validation and test split stay whole.',
        ]
      : []),
    'Settings of one initialization that differ in one factor were compared as two models are, on the same redraws.',
  ];
}

function externalText({ externalValidation = [] }: ExperimentResult): string[] {
  const others = externalValidation.filter(({ trainedOn, testedOn }) => trainedOn !== testedOn);
  if (others.length === 0) return [];
  const seen = others.reduce((most, { leftOut = 0 }) => Math.max(most, leftOut), 0);
  return [
    'For external validation every model was tested, as it was, on the test split of every other data set, over the findings that both have.',
    seen > 0
      ? `Radiographs of patients known from the training or validation split were left out, up to ${count(seen)} of one test split.`
      : 'No test radiograph was of a patient known from the training or validation split.',
    ...(others.some(({ note }) => note)
      ? ['Where that cannot be told, the table of external validation says so.']
      : []),
  ];
}

function subgroupText({ subgroups = [] }: ExperimentResult): string[] {
  if (subgroups.length === 0) return [];
  const factors = distinct(subgroups.map(({ factor }) => factor));
  return [
    `AUROC was estimated within groups by ${listed(factors)}, of at least ${count(Math.max(...subgroups.map(({ atLeast }) => atLeast)))} positives ` +
      'and as many negatives of a finding. That all groups of a factor have the same AUROC was tested by their largest gap, with p as the share of ' +
      'redraws in which the groups, each moved to where all are equal, lie as far apart.',
  ];
}

function matchedText({ matched = [] }: ExperimentResult): string[] {
  const factors = distinct(matched.flatMap((it) => it.factors));
  if (factors.length === 0) return [];
  return [
    `The matched AUROC counts only pairs of a positive and a negative radiograph of the same ${listed(factors)} (after Janes and Pepe, 2009).`,
  ];
}

function degradedText({ degraded = [] }: ExperimentResult): string[] {
  if (degraded.length === 0) return [];
  return [
    'The model of the first run of each initialization and data set was tested on degraded test images too, without further training; the share ' +
      'left of its AUROC is (degraded \u2212 0.5) / (as they are \u2212 0.5).',
  ];
}

function calibrationText({ cells }: ExperimentResult): string[] {
  if (!cells.some(({ calibration }) => calibration?.length)) return [];
  return [
    'Calibration was measured by the Brier score and by the expected calibration error over 10 bins of about equally many radiographs, before and ' +
      'after temperature and Platt scaling fitted on the validation split.',
  ];
}
