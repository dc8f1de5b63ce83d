import { type InputError, inputError } from '../../base/index.js';
import { checkPreprocessing, type Preprocessing } from '../preprocess.js';
import type { Rendition } from '../render.js';

/** What the images of a cache went through. */
export interface CacheSettings extends Pick<Preprocessing, 'channels' | 'fit' | 'interpolation'> {
  /** Sides of the squares, pixels, ascending. */
  sizes: readonly number[];
  /** 8: what the network sees. 16: resized pixels before the intensity steps, which are applied on reading. */
  bits: 8 | 16;
  /** With 8 bits: the intensity steps that were applied. With 16 bits null: each reader chooses. */
  intensity: Pick<Preprocessing, 'minMax' | 'equalize'> | null;
}

/** Throws an InputError that names the field of settings which make no sense. */
export function checkSettings({ sizes, channels, fit, bits, intensity, interpolation }: CacheSettings): void {
  const refuse = (what: string, found: string, expected: string) => inputError({ what, found, expected });
  if (bits !== 8 && bits !== 16) throw refuse('bits', String(bits), '8 or 16');
  if ((bits === 8) !== (intensity !== null))
    throw new RangeError('intensity steps belong to 8 bits, and to them alone');
  const ascending = sizes.every((size, i) => i === 0 || size > sizes[i - 1]!);
  if (sizes.length === 0 || !ascending) throw refuse('sizes', sizes.join(', ') || 'none', 'different sizes, ascending');
  for (const size of sizes) checkPreprocessing({ size, channels, fit, interpolation, minMax: false, equalize: false });
}

/** Settings in one form: what is usual stays unsaid, as in caches from before there was a choice. */
export function plainSettings({ sizes, channels, fit, interpolation, bits, intensity }: CacheSettings): CacheSettings {
  return { sizes, channels, fit, ...(isUnusual(interpolation) && { interpolation }), bits, intensity };
}

const isUnusual = (interpolation: CacheSettings['interpolation']) => (interpolation ?? 'lanczos') !== 'lanczos';

export function renditionsOf({ sizes, channels, fit, interpolation, bits, intensity }: CacheSettings): Rendition[] {
  const steps = intensity ?? { minMax: false, equalize: false };
  return sizes.map((size) => ({ preprocessing: { size, channels, fit, interpolation, ...steps }, bits }));
}

/** `224 and 336 px, 8 bits, min-max, equalized, stretch` */
export function describeSettings({ sizes, channels, fit, interpolation, bits, intensity }: CacheSettings): string {
  const steps = intensity
    ? [intensity.minMax ? 'min-max' : 'no min-max', intensity.equalize ? 'equalized' : 'not equalized']
    : [];
  const colour = channels === 3 ? ['3 channels'] : [];
  const kernel = isUnusual(interpolation) ? [interpolation] : [];
  return [`${sizes.join(' and ')} px`, `${bits} bits`, ...steps, ...colour, fit, ...kernel].join(', ');
}

/** What a data set's images come from: its name, its folder, and the options that choose its rows. */
export interface CacheSource {
  name: string;
  root: string;
  options: Readonly<Record<string, string | undefined>>;
}

/** The command that makes a cache. */
export function prepareCommand(folder: string, { name, root, options }: CacheSource, settings: CacheSettings): string {
  const { sizes, bits, intensity, fit, interpolation } = settings;
  const words = ['hilum data prepare', name, '--root', quoted(root)];
  for (const [option, value] of Object.entries(options)) {
    if (value !== undefined) words.push(`--${option}`, quoted(value));
  }
  words.push('--size', sizes.join());
  if (bits === 16) words.push('--bits 16');
  if (intensity && !intensity.minMax) words.push('--no-min-max');
  if (intensity && !intensity.equalize) words.push('--no-equalize');
  if (fit !== 'stretch') words.push('--fit', fit);
  if (interpolation && isUnusual(interpolation)) words.push('--interpolation', interpolation);
  return [...words, '--out', quoted(folder)].join(' ');
}

const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** Throws an InputError, with the command to type, unless images with these settings serve a preprocessing. */
export function requireSettings(
  folder: string,
  source: CacheSource,
  settings: CacheSettings,
  { size, channels, fit, interpolation = 'lanczos', crop = 1, minMax, equalize }: Preprocessing,
): void {
  const { intensity } = settings;
  const serves =
    settings.sizes.includes(size) &&
    settings.channels === channels &&
    settings.fit === fit &&
    (settings.interpolation ?? 'lanczos') === interpolation &&
    crop === 1 &&
    (intensity === null || (intensity.minMax === minMax && intensity.equalize === equalize));
  if (serves) return;
  const steps = intensity === null ? null : { minMax, equalize };
  const sizes = [...new Set([...settings.sizes, size])].sort((a, b) => a - b);
  const wanted = { sizes: [size], channels, fit, interpolation, bits: settings.bits, intensity: steps };
  if (channels !== 1 || crop !== 1) {
    const fix = 'Leave the cache out; images are then read from their files.';
    throw refusal(folder, settings, wanted, fix);
  }
  throw refusal(folder, settings, wanted, `Prepare it: ${prepareCommand(folder, source, { ...wanted, sizes })}`);
}

function refusal(folder: string, found: CacheSettings, wanted: CacheSettings, fix: string): InputError {
  return inputError({ what: folder, found: describeSettings(found), expected: describeSettings(wanted), fix });
}
