/** What may stand in a pretraining's YAML: everything that its result depends on. Values that are left out come from a preset. */
import { z } from 'zod';
import { PICTURE_SOURCES, PICTURE_SPLITS, radiographDatasets } from '../datasets/index.js';
import { VIT_SIZES, type VitSize } from '../models/index.js';

const fraction = z.number().min(0).max(1);
const positive = z.number().positive();
const count = z.number().int().positive();
const range = z
  .tuple([fraction, fraction])
  .refine(([low, high]) => low <= high, 'a range, its lower end first, within 0 to 1');

const statistics = z.union([
  z.enum(['none', 'imagenet', 'half']),
  z.strictObject({ mean: z.array(z.number()).min(1).max(3), std: z.array(positive).min(1).max(3) }),
]);

const source = z.strictObject({
  source: z.string().min(1),
  kind: z.enum(PICTURE_SOURCES).optional(),
  column: z.string().min(1).optional(),
  limit: count.optional(),
  /** Of CIFAR-10. */
  split: z.enum(PICTURE_SPLITS).optional(),
  exclude: z.array(z.string().min(1)).default([]),
});

/** `auto`: radiographs where all images that are looked at are gray, else natural. */
const crops = z
  .strictObject({
    recipe: z.enum(['auto', 'natural', 'radiographs']),
    globalSize: count.max(4096),
    localSize: count.max(4096),
    locals: z.number().int().min(0).max(64),
    /** null: those of the recipe. */
    globalScale: range.nullable(),
    localScale: range.nullable(),
    /** How the levels of an image are spread before it is cropped; null: as the recipe does. */
    intensity: z.strictObject({ minMax: z.boolean(), equalize: z.boolean() }).nullable(),
  })
  .refine(({ globalSize, localSize, locals }) => locals === 0 || localSize < globalSize, {
    message: 'less than crops.globalSize: local crops see a small part',
    path: ['localSize'],
  });

const model = z.strictObject({
  size: z.enum(Object.keys(VIT_SIZES) as [VitSize, ...VitSize[]]).optional(),
  patchSize: count.max(64),
  dim: count.optional(),
  depth: count.max(100).optional(),
  heads: count.optional(),
  feedForward: z.enum(['mlp', 'swiglu']),
  registers: z.number().int().min(0).max(64),
  layerScale: positive.nullable(),
  input: statistics,
});

const from = z.strictObject({
  weights: z.string().min(1),
  allow: z.array(z.string().min(1)).default([]),
  /** null: as the weights say. */
  input: statistics.nullable().default(null),
  /** Attention heads; null: as the weights say, or as published networks of their width have them. */
  heads: count.nullable().default(null),
});

const head = z.strictObject({
  prototypes: count.min(2),
  hidden: count,
  bottleneck: count,
  layers: count.max(10),
});

const gram = z.strictObject({
  weight: positive.default(1),
  level: z.enum(['image', 'batch']).default('image'),
  normalize: z.boolean().default(true),
  clip: z.enum(['none', 'teacher', 'both']).default('none'),
  /** Shares of the training. */
  start: fraction.default(0.5),
  every: positive.max(1).nullable().default(null),
});

const objective = z.strictObject({
  head,
  /** null: the class tokens' head serves the patches too. */
  ibotHead: head.nullable(),
  weights: z.strictObject({ dino: positive, ibot: z.number().min(0), koleo: z.number().min(0) }),
  centering: z.enum(['centering', 'sinkhorn-knopp']),
  centerMomentum: fraction,
  studentTemperature: positive,
  gram: gram.nullable(),
});

/** The warm-ups, and the freeze of the prototypes, are shares of the training. */
const training = z.strictObject({
  epochs: count,
  /** Steps of an epoch; null: once through the images. */
  epochSteps: count.nullable(),
  batchSize: count.min(2),
  /** Peak, at a batch of 1024 where it is scaled, and end. */
  learningRate: z.tuple([positive, z.number().min(0)]),
  learningRateScaling: z.enum(['none', 'sqrt-1024']),
  warmup: fraction,
  freezeLastLayer: fraction,
  weightDecay: z.tuple([z.number().min(0), z.number().min(0)]),
  momentum: z.tuple([fraction, fraction]),
  teacherTemperature: z.tuple([positive, positive]),
  teacherTemperatureWarmup: fraction,
  layerDecay: positive.max(1),
  patchEmbedRate: z.number().min(0).max(1),
  betas: z.tuple([z.number().min(0).max(0.9999), z.number().min(0).max(0.9999)]),
  clip: positive.nullable(),
  /** Of every block. */
  dropPath: z.number().min(0).max(0.9),
});

/** Pictures with labels, by which the teacher is judged meanwhile; none where there is no source. */
const evaluation = z.strictObject({
  source: z.string().min(1).nullable(),
  /** Of pictures in classes; or a data set of radiographs with findings. */
  kind: z.enum([...PICTURE_SOURCES, ...Object.keys(radiographDatasets)]).optional(),
  /** Of radiographs: which; all of the data set unless said. */
  findings: z.array(z.string().min(1)).min(1).optional(),
  column: z.string().min(1).optional(),
  split: z.enum(PICTURE_SPLITS).optional(),
  limit: count.nullable(),
  /** Epochs. */
  every: count,
  k: count,
  linear: z.boolean(),
});

const masks = z.strictObject({ probability: fraction, ratio: range });

/** What a pretraining inside another document has too. */
export const parts = { crops, from, objective, masks, training, evaluation };

export const pretrainingSchema = z
  .strictObject({
    seed: z.number().int().min(0).max(0xffffffff),
    device: z.string().regex(/^(cpu|cuda(:\d+)?)$/, '"cpu", "cuda" or "cuda:N"'),
    /** `auto`: bf16 where the device multiplies it in hardware, else fp32, which is then much faster. */
    precision: z.enum(['auto', 'fp32', 'bf16']),
    /** Processor threads of the training; null: all. */
    threads: count.max(1024).nullable(),
    data: z.array(source),
    crops,
    /** A network that begins with random weights; null where it goes on from others. */
    model: model.nullable(),
    from: from.nullable(),
    objective,
    masks,
    training,
    evaluation,
  })
  .superRefine(checkPrototypes)
  .superRefine(({ model, from }, context) => {
    if (model && from) {
      const message = 'nothing beside "from", whose weights bring their network';
      context.addIssue({ code: 'custom', path: ['model'], message });
    }
    if (!model && !from) {
      const message = 'weights to go on from, such as {weights: dinov2-small}';
      context.addIssue({ code: 'custom', path: ['from'], message });
    }
  });

type Trained = { objective: z.infer<typeof objective>; training: z.infer<typeof training> };

export function checkPrototypes({ objective: { head, ibotHead }, training }: Trained, context: z.RefinementCtx): void {
  for (const [field, its] of Object.entries({ head, ibotHead })) {
    if (!its || its.prototypes >= training.batchSize) continue;
    const message = `at least training.batchSize, ${training.batchSize}: one for each image of a batch`;
    context.addIssue({ code: 'custom', path: ['objective', field, 'prototypes'], message });
  }
}

export type PretrainingConfig = z.infer<typeof pretrainingSchema>;
export type StatisticsChoice = z.infer<typeof statistics>;
