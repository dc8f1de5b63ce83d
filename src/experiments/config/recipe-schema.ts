/** How an experiment trains: what supervised and self-supervised recipes share, and fine-tuning in full. */
import { z } from 'zod';
import { SAMPLINGS, SELECTIONS } from '../../training/index.js';
import { FINETUNING_PRESETS, withPreset } from './finetuning-presets.js';

const fraction = z.number().min(0).max(1);
const positive = z.number().positive();
const notNegative = z.number().min(0);
const count = z.number().int().positive();
const seed = z.number().int().min(0).max(0xffffffff);

export const augmentation = z.strictObject({
  flip: fraction.default(0.5),
  rotation: z.number().min(0).max(180).default(7),
  scale: z.tuple([positive, positive]).default([1, 1]),
  contrast: fraction.default(0),
  brightness: fraction.default(0),
});

/** Without defaults: each kind of training has its own. */
export const recipe = {
  epochs: count,
  batchSize: count,
  schedule: z.enum(['constant', 'cosine']),
  warmup: fraction,
  weightDecay: notNegative,
  beta2: z.number().min(0).max(0.9999),
  clip: positive.nullable(),
  dropPath: fraction,
  threads: count,
};

/** Share of the training patients whose labels are used. */
export const labelFraction = positive.max(1);

const lora = z.strictObject({
  rank: count.default(8),
  alpha: positive.default(8),
  targets: z.array(z.string().min(1)).min(1).default(['qkv']),
});

const loss = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('cross-entropy').optional().default('cross-entropy'),
    posWeight: z.boolean().default(true),
    smoothing: z.number().min(0).lt(1).default(0),
  }),
  z.strictObject({
    type: z.literal('focal'),
    gamma: notNegative.default(2),
    alpha: fraction.nullable().default(0.25),
  }),
  z.strictObject({
    type: z.literal('asymmetric'),
    gammaNegative: notNegative.default(4),
    gammaPositive: notNegative.default(1),
    clip: z.number().min(0).lt(1).default(0.05),
  }),
]);

/** What has no default here has one in every preset. */
const settings = z
  .strictObject({
    preset: z.enum(FINETUNING_PRESETS),
    seeds: z.array(seed).min(1).default([1]),
    labelFraction: labelFraction.default(1),
    epochs: recipe.epochs,
    batchSize: recipe.batchSize,
    accumulate: count.default(1),
    learningRate: z.union([positive, z.array(positive).min(1)]),
    layerDecay: positive.max(1),
    schedule: recipe.schedule,
    warmup: recipe.warmup,
    weightDecay: recipe.weightDecay,
    beta2: recipe.beta2.default(0.999),
    clip: recipe.clip.default(null),
    dropPath: recipe.dropPath,
    freeze: z.union([z.number().int().min(0), z.literal('backbone')]).default(0),
    lora: lora.nullable().default(null),
    loss: loss.prefault({}),
    augmentation: augmentation.prefault({}),
    mixup: notNegative.default(0),
    sampling: z.enum(SAMPLINGS).default('shuffled'),
    ema: positive.lt(1).nullable(),
    select: z.enum(SELECTIONS).default('loss'),
    patience: count.nullable().default(null),
    testFlip: z.boolean().default(false),
    threads: recipe.threads.default(1),
  })
  .superRefine(({ freeze, layerDecay, dropPath, lora }, context) => {
    if (freeze !== 'backbone') return;
    const without = { layerDecay: 1, dropPath: 0, lora: null };
    for (const [field, value] of Object.entries({ layerDecay, dropPath, lora })) {
      const expected = without[field as keyof typeof without];
      if (value === expected) continue;
      const message = `${expected}, since freeze: backbone trains the head alone`;
      context.addIssue({ code: 'custom', path: [field], message });
    }
  });

/** A preset, the study's unless another is named, and what is changed of it. */
export const finetuning = z
  .preprocess((document, context): unknown => {
    if (typeof document !== 'object' || document === null || Array.isArray(document)) return document;
    const { preset = 'study-2024' } = document as { preset?: unknown };
    const name = FINETUNING_PRESETS.find((it) => it === preset);
    if (name) return withPreset(name, document as Record<string, unknown>);
    context.addIssue({ code: 'invalid_value', values: FINETUNING_PRESETS, input: preset, path: ['preset'] });
    return z.NEVER;
  }, settings)
  .prefault({});

export type FinetuningSettings = z.infer<typeof settings>;
