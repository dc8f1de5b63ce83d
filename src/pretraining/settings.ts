/** A pretraining as a part of an experiment, which brings the images, the network, the seed, and what is computed with. */
import { z } from 'zod';
import { isPlain, merged } from './config.js';
import { PRESETS, type PresetName } from './presets.js';
import { checkPrototypes, parts } from './schema.js';

const NAMES = Object.keys(PRESETS) as [PresetName, ...PresetName[]];
const { crops, from, objective, masks, training, evaluation } = parts;

const settings = z
  .strictObject({
    preset: z.enum(NAMES),
    crops,
    objective,
    masks,
    training,
    evaluation,
    /** Weights to go on from, with their own network; null: the experiment's network, with random weights. */
    from: from.nullable(),
    threads: z.number().int().positive().max(1024),
  })
  .superRefine(checkPrototypes);

/** What stands elsewhere in an experiment. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  data: 'pictures or radiographs of the initialization',
  model: 'the model of the experiment, or "from"',
  seed: 'seeds of the initialization',
  device: 'the device of the experiment',
  precision: 'the precision of the experiment',
};

/**
 * A preset and what is changed of it, as in a file of `hilum pretrain dinov2`: `small` unless another is named, `continue` where there are
 * weights to go on from. One thread unless said.
 */
export const pretrainingSettings = z
  .preprocess((document, context): unknown => {
    if (!isPlain(document)) return document;
    const { preset = document.from ? 'continue' : 'small' } = document;
    for (const [key, place] of Object.entries(ELSEWHERE)) {
      if (!Object.hasOwn(document, key)) continue;
      context.addIssue({ code: 'custom', path: [key], message: `nothing here, but ${place}` });
    }
    const name = NAMES.find((it) => it === preset);
    if (!name) context.addIssue({ code: 'invalid_value', values: NAMES, input: preset, path: ['preset'] });
    if (!name || context.issues.length > 0) return z.NEVER;
    const { crops, objective, masks, training, evaluation } = PRESETS[name];
    const base = { crops, objective, masks, training, evaluation, from: null, threads: 1 };
    return { ...merged(base, document), preset: name };
  }, settings)
  .prefault({});

export type PretrainingSettings = z.infer<typeof settings>;
