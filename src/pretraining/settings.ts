/** A pretraining as a part of another document, which brings images, network, seed, device and precision. */
import { z } from 'zod';
import { isPlain, merged, type Plain } from './config.js';
import { PRESETS, type PresetName } from './presets.js';
import { type PretrainingConfig, settingsSchema } from './schema.js';

const NAMES = Object.keys(PRESETS) as PresetName[];

/** A preset, `small` unless another is named, and what is changed of it. One thread unless said. */
export const pretrainingSettings = z
  .preprocess((document, context): unknown => {
    if (!isPlain(document)) return document;
    const { preset = 'small', ...given } = document;
    const name = NAMES.find((it) => it === preset);
    if (name) return merged(settingsOf(PRESETS[name]), given);
    context.addIssue({ code: 'invalid_value', values: NAMES, input: preset, path: ['preset'] });
    return z.NEVER;
  }, settingsSchema)
  .prefault({});

const settingsOf = ({ crops, objective, masks, training, evaluation }: PretrainingConfig): Plain => ({
  crops,
  objective,
  masks,
  training,
  evaluation,
  threads: 1,
});
