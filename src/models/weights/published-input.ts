import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readJson } from '../../base/index.js';
import type { InputStatistics } from '../input-statistics.js';
import type { Naming } from './naming.js';

type Json = Readonly<Record<string, unknown>>;

/**
 * What weights normalize their input with: as the files beside them say (transformers' preprocessor_config.json, timm's
 * pretrained_cfg), else as everything of their family does. undefined where neither tells.
 */
export function publishedInput(
  path: string,
  config: Json | undefined,
  naming: Naming,
): InputStatistics | null | undefined {
  const timm = config?.pretrained_cfg as Json | undefined;
  if (timm && isNumbers(timm.mean) && isNumbers(timm.std)) return { mean: timm.mean, std: timm.std };
  const beside = join(dirname(path), 'preprocessor_config.json');
  if (existsSync(beside)) {
    const { do_normalize: normalized, image_mean: mean, image_std: std } = readJson<Json>(beside);
    if (normalized === false) return null;
    if (isNumbers(mean) && isNumbers(std)) return { mean, std };
  }
  return naming.input;
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'number' && Number.isFinite(each));
