/** The experiment file: what may stand in the YAML, its defaults, and errors that name the field. */
import { z } from 'zod';
import {
  PICTURE_SOURCES,
  PICTURE_SPLITS,
  radiographDatasets,
  UNCERTAIN_POLICIES,
  VALIDATION_FRACTION,
  VIEW_FILTERS,
} from '../../datasets/index.js';
import { CORRECTIONS, INTERVALS } from '../../evaluation/index.js';
import { INTERPOLATIONS } from '../../imaging/index.js';
import { CONVNEXT_SIZES, DENSENET_SIZES, DINOV3_VIT_SIZES, RESNET_SIZES, VIT_SIZES } from '../../models/index.js';
import { pretrainingSettings } from '../../pretraining/index.js';
import { DEGRADATIONS } from '../result/index.js';
import { augmentation, finetuning, labelFraction, recipe } from './recipe-schema.js';

const NAMES_A_FOLDER = 'letters, digits, ".", "_" and "-" alone (it names a folder)';

const name = z.string().min(1).max(80);
const fraction = z.number().min(0).max(1);
const positive = z.number().positive();
const count = z.number().int().positive();
const seed = z.number().int().min(0).max(0xffffffff);
const keysOf = <T extends object>(table: T) => Object.keys(table) as (keyof T & string)[];

const statistics = z.union([
  z.enum(['none', 'imagenet', 'half']),
  z.strictObject({ mean: z.array(z.number()).min(1).max(3), std: z.array(positive).min(1).max(3) }),
]);

const anyModel = {
  imageSize: count.max(4096).default(224),
  input: z.union([z.literal('weights'), ...statistics.options]).default('weights'),
};

const anyVit = {
  ...anyModel,
  patchSize: z.literal([8, 14, 16]).default(16),
  dim: count.optional(),
  depth: count.max(100).optional(),
  heads: count.optional(),
};

const model = z.discriminatedUnion('architecture', [
  z.strictObject({
    architecture: z.literal('vit').optional(),
    size: z.enum(keysOf(VIT_SIZES)).optional(),
    ...anyVit,
    registers: z.number().int().min(0).max(64).default(0),
    layerScale: positive.nullable().default(null),
  }),
  z.strictObject({
    architecture: z.literal('dinov3-vit'),
    size: z.enum(keysOf(DINOV3_VIT_SIZES)).optional(),
    ...anyVit,
  }),
  z.strictObject({
    architecture: z.literal('convnext'),
    size: z.enum(keysOf(CONVNEXT_SIZES)).optional(),
    ...anyModel,
    depths: z.array(count).length(4).optional(),
    dims: z.array(count).length(4).optional(),
  }),
  z.strictObject({
    architecture: z.literal('resnet'),
    size: z.enum(keysOf(RESNET_SIZES)).default('resnet50'),
    ...anyModel,
    stages: z.array(count).length(4).optional(),
    width: count.optional(),
  }),
  z.strictObject({
    architecture: z.literal('densenet'),
    size: z.enum(keysOf(DENSENET_SIZES)).default('densenet121'),
    ...anyModel,
    blocks: z.array(count).min(1).optional(),
    growth: count.optional(),
  }),
]);

const preprocessing = z.strictObject({
  minMax: z.boolean().default(true),
  equalize: z.boolean().default(true),
  fit: z.enum(['stretch', 'crop', 'pad']).default('stretch'),
  interpolation: z.enum(INTERPOLATIONS).default('lanczos'),
});

const radiographSource = {
  type: z.enum(keysOf(radiographDatasets)),
  root: z.string().min(1),
  findings: z.array(z.string()).min(1).optional(),
  validationFraction: fraction.default(VALIDATION_FRACTION),
  testFraction: fraction.optional(),
  views: z.enum(VIEW_FILTERS).optional(),
  uncertain: z.enum(UNCERTAIN_POLICIES).optional(),
  labels: z.string().min(1).optional(),
  description: z.string().min(1).optional(),
  cache: z.string().min(1).optional(),
};

const dataset = z.strictObject({
  name,
  ...radiographSource,
  masks: z.string().min(1).optional(),
  /** `external`: models of the others are tested on it, none is trained. */
  role: z.enum(['internal', 'external']).default('internal'),
});

const pictureSource = z.strictObject({
  type: z.enum(PICTURE_SOURCES),
  root: z.string().min(1),
  /** Of Parquet. */
  column: z.string().min(1).optional(),
  limit: count.optional(),
  /** Of CIFAR-10. */
  split: z.enum(PICTURE_SPLITS).optional(),
  /** Lists of pictures to leave out, as `hilum data dedup` writes them. */
  exclude: z.array(z.string().min(1)).default([]),
});

const simclr = z.strictObject({
  epochs: recipe.epochs.default(100),
  batchSize: recipe.batchSize.min(2).default(128),
  learningRate: positive.default(1e-3),
  schedule: recipe.schedule.default('cosine'),
  warmup: recipe.warmup.default(0.08),
  weightDecay: recipe.weightDecay.default(0.04),
  beta2: recipe.beta2.default(0.95),
  clip: recipe.clip.default(1),
  dropPath: recipe.dropPath.default(0.05),
  temperature: positive.default(0.2),
  projector: z.strictObject({ hidden: count.default(512), output: count.default(128) }).prefault({}),
  cropScale: z.tuple([fraction, fraction]).default([0.2, 1]),
  storeSize: count.optional(),
  threads: recipe.threads.default(1),
});

const supervised = z.strictObject({
  epochs: recipe.epochs.default(30),
  batchSize: recipe.batchSize.default(64),
  learningRate: positive.default(5e-4),
  schedule: recipe.schedule.default('cosine'),
  warmup: recipe.warmup.default(0.1),
  weightDecay: recipe.weightDecay.default(0.05),
  beta2: recipe.beta2.default(0.95),
  clip: recipe.clip.default(1),
  dropPath: recipe.dropPath.default(0.05),
  augmentation: augmentation.prefault({ rotation: 10, scale: [0.8, 1.2], contrast: 0.3, brightness: 0.15 }),
  threads: recipe.threads.default(1),
});

const anyStart = {
  name,
  /** Those that it is fine-tuned on; all unless given. */
  datasets: z.array(name).min(1).optional(),
  /** Of the matrix, those that it is fine-tuned at; all unless given. */
  imageSizes: z.array(count).min(1).optional(),
};

const ssl = {
  ...anyStart,
  from: z.literal('ssl'),
  pictures: z.array(pictureSource).min(1).optional(),
  radiographs: z.strictObject(radiographSource).optional(),
  seeds: z.array(seed).min(1).optional(),
};

const weights = {
  file: z.string().min(1),
  input: statistics.optional(),
  heads: count.optional(),
  allow: z.array(z.string().min(1)).default([]),
};

const initialization = z.discriminatedUnion('from', [
  z.strictObject({ ...anyStart, from: z.literal('random') }),
  z.strictObject({
    ...anyStart,
    from: z.literal('weights'),
    ...weights,
  }),
  z.discriminatedUnion('method', [
    z.strictObject({
      ...ssl,
      method: z.literal('simclr').optional().default('simclr'),
      training: simclr.prefault({}),
    }),
    z.strictObject({ ...ssl, method: z.literal('dinov2'), pretraining: pretrainingSettings }),
  ]),
  z.strictObject({
    ...anyStart,
    from: z.literal('supervised'),
    /** What the pretraining itself starts from; random weights unless given. */
    start: z.strictObject(weights).optional(),
    pictures: z.array(pictureSource).min(1).max(1).optional(),
    radiographs: z.strictObject(radiographSource).optional(),
    seeds: z.array(seed).min(1).optional(),
    training: supervised.prefault({}),
  }),
]);

const matrix = z
  .strictObject({
    imageSize: z.array(anyModel.imageSize.unwrap()).min(1).optional(),
    labelFraction: z.array(labelFraction).min(1).optional(),
    /** Each is what it changes of `finetuning`. */
    tuning: z.record(name.regex(/^[\w.-]+$/, NAMES_A_FOLDER), finetuning).optional(),
  })
  .refine(
    ({ imageSize, labelFraction, tuning }) =>
      imageSize !== undefined || labelFraction !== undefined || Object.keys(tuning ?? {}).length > 0,
    'imageSize, labelFraction or tuning, with values',
  );

const experiment = z
  .strictObject({
    name: name.regex(/^[\w.-]+$/, NAMES_A_FOLDER),
    description: z.string().optional(),
    seed: seed.default(1),
    device: z
      .string()
      .regex(/^(cpu|cuda(:\d+)?)$/, '"cpu", "cuda" or "cuda:N"')
      .default('cpu'),
    precision: z.enum(['fp32', 'bf16']).default('fp32'),
    model,
    preprocessing: preprocessing.prefault({}),
    datasets: z.array(dataset).min(1),
    externalValidation: z.boolean().default(false),
    initializations: z.array(initialization).min(1),
    finetuning,
    matrix: matrix.optional(),
    crossValidation: z.strictObject({ folds: z.number().int().min(2).max(20).default(5) }).optional(),
    statistics: z
      .strictObject({
        redraws: z.number().int().min(100).max(1_000_000).default(1000),
        unit: z.enum(['patient', 'image']).default('patient'),
        stratified: z.boolean().default(false),
        interval: z.enum(INTERVALS).default('percentile'),
        confidence: z.number().min(0.5).max(0.999).default(0.95),
        threshold: z
          .union([
            z.enum(['youden', 'f1']),
            z.strictObject({ sensitivity: fraction }),
            z.strictObject({ specificity: fraction }),
            z.strictObject({ value: fraction }),
          ])
          .default('youden'),
        correction: z.enum(CORRECTIONS).default('benjamini-hochberg'),
        permutations: z
          .number()
          .int()
          .min(0)
          .max(1_000_000)
          .refine((it) => it === 0 || it >= 100, 'none (0), or at least 100')
          .default(0),
        margin: positive.max(0.5).nullable().default(null),
        ageBands: z.array(count.max(120)).default([18, 40, 60, 80]),
        smallestGroup: count.default(10),
        degraded: z
          .array(z.enum(DEGRADATIONS))
          .refine((list) => new Set(list).size === list.length, 'each degradation once')
          .optional(),
      })
      .prefault({}),
  })
  .superRefine((config, context) => {
    for (const field of ['datasets', 'initializations'] as const) {
      const seen = new Set<string>();
      for (const [i, { name: own }] of config[field].entries()) {
        if (seen.has(own))
          context.addIssue({
            code: 'custom',
            path: [field, i, 'name'],
            message: `a name of its own; "${own}" stands there twice`,
          });
        seen.add(own);
      }
    }
    const external = config.datasets.findIndex(({ role }) => role === 'external');
    if (external >= 0 && !config.externalValidation) {
      const message = 'internal, or externalValidation: true beside it';
      context.addIssue({ code: 'custom', path: ['datasets', external, 'role'], message });
    }
    if (config.datasets.every(({ role }) => role === 'external')) {
      const message = 'internal of one data set at least, to train on';
      context.addIssue({ code: 'custom', path: ['datasets', external, 'role'], message });
    }
    const eachOnce = (values: readonly number[], path: PropertyKey[]) => {
      const again = values.find((value, i) => values.indexOf(value) < i);
      if (again === undefined) return;
      context.addIssue({ code: 'custom', path, message: `each value once; ${again} stands there twice` });
    };
    const { ageBands } = config.statistics;
    if (ageBands.some((from, i) => from <= (ageBands[i - 1] ?? 0))) {
      const message = 'ages in ascending order, each the first of a band';
      context.addIssue({ code: 'custom', path: ['statistics', 'ageBands'], message });
    }
    const beside: [PropertyKey[], boolean][] = [
      [['matrix'], config.matrix !== undefined],
      [['externalValidation'], config.externalValidation],
      [['finetuning', 'learningRate'], Array.isArray(config.finetuning.learningRate)],
      [['statistics', 'degraded'], (config.statistics.degraded ?? []).length > 0],
      [['statistics', 'permutations'], config.statistics.permutations > 0],
    ];
    for (const [path, isThere] of config.crossValidation ? beside : []) {
      const message =
        path[1] === 'learningRate'
          ? 'one, with crossValidation'
          : 'none, with crossValidation: these go with one test split';
      if (isThere) context.addIssue({ code: 'custom', path, message });
    }
    eachOnce(config.matrix?.imageSize ?? [], ['matrix', 'imageSize']);
    eachOnce(config.matrix?.labelFraction ?? [], ['matrix', 'labelFraction']);
    const internal = config.datasets.filter(({ role }) => role === 'internal').map(({ name }) => name);
    for (const [i, { datasets = [], imageSizes = [] }] of config.initializations.entries()) {
      const wrong = datasets.find((it) => !internal.includes(it));
      if (wrong !== undefined) {
        const message = `names of data sets to train on (${internal.join(', ')}); "${wrong}" is none`;
        context.addIssue({ code: 'custom', path: ['initializations', i, 'datasets'], message });
      }
      const sizes = config.matrix?.imageSize ?? [];
      if (imageSizes.some((size) => !sizes.includes(size))) {
        const message =
          sizes.length > 0 ? `sizes of the matrix (${sizes.join(', ')})` : 'no such key without matrix.imageSize';
        context.addIssue({ code: 'custom', path: ['initializations', i, 'imageSizes'], message });
      }
    }
    const sizes = config.matrix?.imageSize ?? [config.model.imageSize];
    for (const own of internal) {
      const without = sizes.find((size) =>
        config.initializations.every(
          ({ datasets, imageSizes }) => datasets?.includes(own) === false || imageSizes?.includes(size) === false,
        ),
      );
      if (without === undefined) continue;
      const message = `one at least for each data set and image size; ${own} at ${without} px has none`;
      context.addIssue({ code: 'custom', path: ['initializations'], message });
    }
    for (const field of ['seeds', 'learningRate'] as const) {
      eachOnce([config.finetuning[field]].flat(), ['finetuning', field]);
    }
    for (const [i, start] of config.initializations.entries()) {
      if (start.from !== 'ssl' && start.from !== 'supervised') continue;
      const { architecture = 'vit' } = config.model;
      if (start.from === 'ssl' && start.method === 'dinov2' && !start.pretraining.from && architecture !== 'vit') {
        const message = `simclr, since DINOv2 masks the patches of a vit and the model is a ${architecture}`;
        context.addIssue({ code: 'custom', path: ['initializations', i, 'method'], message });
      }
      eachOnce(start.seeds ?? [], ['initializations', i, 'seeds']);
      const given = [start.pictures, start.radiographs].filter((data) => data !== undefined).length;
      const valid = start.from === 'ssl' ? given > 0 : given === 1;
      if (!valid) {
        const message =
          start.from === 'ssl'
            ? '"pictures", "radiographs" or both to pretrain on'
            : 'either "pictures" or "radiographs" to pretrain on';
        context.addIssue({ code: 'custom', path: ['initializations', i], message });
      }
    }
  });

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A tuning of the matrix says what it changes of `finetuning`; it becomes a whole one. */
export const experimentSchema = z.preprocess((document): unknown => {
  if (!isRecord(document) || !isRecord(document.matrix) || !isRecord(document.matrix.tuning)) return document;
  const common = isRecord(document.finetuning) ? document.finetuning : {};
  const whole = Object.entries(document.matrix.tuning).map(([name, own]) => [
    name,
    isRecord(own ?? {}) ? { ...common, ...(own as object | null) } : own,
  ]);
  return { ...document, matrix: { ...document.matrix, tuning: Object.fromEntries(whole) } };
}, experiment);

export type ExperimentConfig = z.infer<typeof experimentSchema>;
export type Initialization = ExperimentConfig['initializations'][number];
/** The schema holds that DINOv2 has one. */
export type VitModel = Extract<ExperimentConfig['model'], { architecture?: 'vit' }>;
export type TestedSource = ExperimentConfig['datasets'][number];
export type InputChoice = ExperimentConfig['model']['input'];
export type WeightsChoice = Omit<Extract<Initialization, { from: 'weights' }>, 'name' | 'from'>;
export type SslInitialization = Extract<Initialization, { from: 'ssl' }>;
export type SimclrInitialization = Extract<SslInitialization, { method: 'simclr' }>;
export type Dinov2Initialization = Extract<SslInitialization, { method: 'dinov2' }>;
export type SupervisedInitialization = Extract<Initialization, { from: 'supervised' }>;
export type RadiographSource = NonNullable<SupervisedInitialization['radiographs']>;
export type PictureSource = NonNullable<SslInitialization['pictures']>[number];
