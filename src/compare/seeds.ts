import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { contentHash, inputError, readJson } from '../base/index.js';

/** Of the `config.json` beside the predictions of an experiment's run: what makes it what it is. */
interface RunInputs {
  seed?: unknown;
  start?: unknown;
  data?: unknown;
  [setting: string]: unknown;
}

/**
 * Throws an InputError where files of one model are runs of hilum, as the `config.json` beside them tells, that are no seeds of one
 * setting: that were trained otherwise, or with the same seed and start (as with other shares of the labels).
 */
export function requireSeeds(files: readonly string[]): void {
  const runs = files.flatMap((file) => {
    const inputs = inputsOf(file);
    return inputs ? [{ folder: dirname(file), inputs }] : [];
  });
  const [first] = runs;
  if (!first) return;
  const refuse = (folder: string, found: string) => {
    throw inputError({
      what: folder,
      found,
      expected: 'training seeds of one model',
      fix: 'Name the runs of one setting alone: nodes/*.json in the folder of the experiment says which parts these are.',
    });
  };
  const seen = new Set<string>();
  for (const { folder, inputs } of runs) {
    // The rows of a share of the labels are drawn by the seed.
    const { seed, start, data: _, ...settings } = inputs;
    const { seed: _seed, start: _start, data: _data, ...others } = first.inputs;
    const differing = Object.keys({ ...others, ...settings }).filter(
      (key) => contentHash(settings[key] ?? null) !== contentHash(others[key] ?? null),
    );
    if (differing.length > 0) refuse(folder, `not the same ${differing.join(', ')} as of ${first.folder}`);
    const draw = contentHash([seed ?? null, start ?? null]);
    if (seen.has(draw)) refuse(folder, 'a second run with the same seed and start');
    seen.add(draw);
  }
}

function inputsOf(file: string): RunInputs | undefined {
  const path = join(dirname(file), 'config.json');
  if (!file.endsWith('predictions.csv') || !existsSync(path)) return undefined;
  const { inputs } = readJson<{ inputs?: RunInputs }>(path);
  return inputs?.recipe === undefined ? undefined : inputs;
}
