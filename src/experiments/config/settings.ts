/** The settings of an experiment: every combination of what its matrix varies. */
import { MATRIX_FACTORS, type MatrixFactor } from '../result/index.js';
import type { ExperimentConfig, Initialization } from './schema.js';

export type SettingValues = Partial<Record<MatrixFactor, number | string>>;

export interface Setting {
  /** Unique, for the ids of nodes; empty where nothing is varied. */
  slug: string;
  /** For people: '512 px, 10 % of the labels, lora'. */
  name: string;
  values: SettingValues;
  /** The experiment as it is without a matrix, in this setting. */
  config: ExperimentConfig;
}

const TEXTS: Record<MatrixFactor, { slug(value: number | string): string; name(value: number | string): string }> = {
  imageSize: { slug: (size) => `${size}px`, name: (size) => `${size} px` },
  labelFraction: {
    slug: (fraction) => `labels-${fraction}`,
    name: (fraction) => `${Number((100 * Number(fraction)).toPrecision(6))} % of the labels`,
  },
  tuning: { slug: String, name: String },
};

export const settingValueText = (factor: MatrixFactor, value: number | string): string => TEXTS[factor].name(value);

/**
 * All settings, the reference first: the one with the most labels, at `model.imageSize` where that is among the sizes, with the first
 * tuning. An experiment without a matrix has one.
 */
export function settingsOf(config: ExperimentConfig): [Setting, ...Setting[]] {
  const factors = factorValues(config);
  const combinations = factors.reduce<SettingValues[]>(
    (known, [factor, values]) => known.flatMap((own) => values.map((value) => ({ ...own, [factor]: value }))),
    [{}],
  );
  const [first, ...others] = combinations.map((values): Setting => {
    const words = (text: 'slug' | 'name') => factors.map(([factor]) => TEXTS[factor][text](values[factor]!));
    return {
      slug: words('slug').join('_'),
      name: words('name').join(', '),
      values,
      config: configOf(config, values),
    };
  });
  return [first!, ...others];
}

/** What is varied, the values of the reference first. */
export function factorValues({ matrix, model }: ExperimentConfig): [MatrixFactor, (number | string)[]][] {
  if (!matrix) return [];
  const { imageSize, labelFraction, tuning } = matrix;
  const own = imageSize?.includes(model.imageSize) ? [model.imageSize] : [];
  const all: [MatrixFactor, (number | string)[] | undefined][] = [
    ['imageSize', imageSize && [...new Set([...own, ...imageSize])]],
    ['labelFraction', labelFraction && [...labelFraction].sort((a, b) => b - a)],
    ['tuning', tuning && Object.keys(tuning)],
  ];
  return all.flatMap(([factor, values]) => (values ? [[factor, values] as [MatrixFactor, (number | string)[]]] : []));
}

function configOf(config: ExperimentConfig, values: SettingValues): ExperimentConfig {
  const { matrix, ...plain } = config;
  if (!matrix) return config;
  const { imageSize = plain.model.imageSize, labelFraction, tuning } = values;
  const finetuning = tuning === undefined ? plain.finetuning : matrix.tuning![tuning]!;
  return {
    ...plain,
    model: { ...plain.model, imageSize: Number(imageSize) },
    finetuning: { ...finetuning, labelFraction: Number(labelFraction ?? finetuning.labelFraction) },
  };
}

/** The factor by which alone two settings differ; undefined where they differ in several, or in none. */
export function differingFactor(a: SettingValues, b: SettingValues): MatrixFactor | undefined {
  const differing = MATRIX_FACTORS.filter((factor) => a[factor] !== b[factor]);
  return differing.length === 1 ? differing[0] : undefined;
}

/** The initializations that are fine-tuned on a data set, in a setting: all, unless they say where. `config`: the setting's. */
export function startsOn({ initializations, model }: ExperimentConfig, dataset: string): Initialization[] {
  return initializations.filter((start) => (start.datasets?.includes(dataset) ?? true) && isAtSize({ model }, start));
}

/** Whether an initialization is fine-tuned at the image size of a setting. */
export const isAtSize = ({ model }: Pick<ExperimentConfig, 'model'>, { imageSizes }: Initialization): boolean =>
  imageSizes?.includes(model.imageSize) ?? true;
