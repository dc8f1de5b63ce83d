import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readJson } from '../../base/index.js';
import type { InputStatistics, PublishedInput } from '../input-statistics.js';
import type { Naming } from './namings/naming.js';

type Json = Readonly<Record<string, unknown>>;

/** How weights expect their images, as far as anything says so. */
export interface WeightsInput extends Partial<Omit<PublishedInput, 'statistics'>> {
  /** null: values 0..1; undefined: nothing says what their input was normalized with. */
  statistics: InputStatistics | null | undefined;
  /** What says so, such as 'preprocessor_config.json'; '' where nothing does. */
  source: string;
}

/** Pillow's numbers of filters, as transformers stores them (PIL.Image.Resampling). */
const RESAMPLING: Readonly<Record<number, PublishedInput['interpolation']>> = {
  1: 'lanczos',
  2: 'bilinear',
  3: 'bicubic',
};
const INTERPOLATIONS: readonly string[] = Object.values(RESAMPLING);

/**
 * How weights expect their images: as the table of published weights says, else the files beside them (transformers'
 * preprocessor_config.json, the pretrained_cfg of timm's config.json), else what holds for everything of their naming.
 */
export function publishedInput(
  path: string,
  config: Json | undefined,
  naming: Naming,
  published: PublishedInput | undefined,
): WeightsInput {
  if (published) return { ...published, source: 'the table of published weights' };
  const beside = join(dirname(path), 'preprocessor_config.json');
  return (
    ofTimm(config?.pretrained_cfg as Json | undefined) ??
    (existsSync(beside) ? ofTransformers(readJson<Json>(beside)) : undefined) ?? {
      statistics: naming.input,
      source: naming.input === undefined ? '' : naming.title,
    }
  );
}

function ofTimm(config: Json | undefined): WeightsInput | undefined {
  if (!config || !isNumbers(config.mean) || !isNumbers(config.std)) return undefined;
  const { mean, std, input_size: size, interpolation, crop_pct: crop, crop_mode: mode } = config;
  return {
    statistics: { mean, std },
    ...(isNumbers(size) && { size: size.at(-1)! }),
    ...(INTERPOLATIONS.includes(String(interpolation)) && {
      interpolation: interpolation as PublishedInput['interpolation'],
    }),
    ...(typeof crop === 'number' && { crop }),
    fit: mode === 'squash' ? 'stretch' : 'crop',
    source: 'config.json (pretrained_cfg)',
  };
}

function ofTransformers(config: Json): WeightsInput | undefined {
  const { do_normalize: normalized, image_mean: mean, image_std: std, resample } = config;
  if (normalized !== false && !(isNumbers(mean) && isNumbers(std))) return undefined;
  const resized = sideOf(config.size);
  const cropped = config.do_center_crop === true;
  const size = cropped ? (sideOf(config.crop_size) ?? resized) : resized;
  const stretched = !cropped && isSquare(config.size);
  return {
    statistics: normalized === false ? null : { mean: mean as number[], std: std as number[] },
    ...(size && { size }),
    ...(size && resized && { crop: size / resized }),
    ...(resized && { fit: stretched ? ('stretch' as const) : ('crop' as const) }),
    ...(RESAMPLING[Number(resample)] && { interpolation: RESAMPLING[Number(resample)]! }),
    source: 'preprocessor_config.json',
  };
}

/** 224, {"height": 224, "width": 224} or {"shortest_edge": 224}. */
function sideOf(size: unknown): number | undefined {
  const { height, shortest_edge: shortest } = (typeof size === 'number' ? { height: size } : (size ?? {})) as Json;
  const side = height ?? shortest;
  return typeof side === 'number' && Number.isInteger(side) && side > 0 ? side : undefined;
}

/** transformers takes a size with both sides, or one number, as it is, and does not keep the proportions. */
const isSquare = (size: unknown): boolean =>
  typeof size === 'number' || (size !== null && typeof size === 'object' && 'height' in size);

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'number' && Number.isFinite(each));
