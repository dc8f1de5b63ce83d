/** The folder of a pretraining: what it was begun with, and that nothing else goes on in it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { contentHash, inputError, packageVersion, readJson, writeJson } from '../base/index.js';
import { engineInfo, type Precision } from '../torch/index.js';

export const FORMAT = 'hilum pretraining';

/** The page of the whole run. */
export const OVERVIEW = 'index.html';

/** Everything that the result of a pretraining depends on. */
export interface RunInputs {
  method: 'dinov2';
  config: unknown;
  /** What `auto` found. */
  recipe: string;
  network: unknown;
  images: number;
  /** Of each source; of the labelled pictures. */
  data: readonly string[];
  evaluation: string | null;
}

/** `config.json` */
export interface RunRecord extends RunInputs {
  format: typeof FORMAT;
  /** Changes with the inputs and the versions. */
  key: string;
  versions: Record<string, string | null>;
  /** Processor threads and precision of the training, with which it goes on: others round otherwise. */
  threads: number;
  precision: Precision;
}

/**
 * The record of a run: that of the folder, where the same was begun there, else a new one, which is written.
 * Throws an InputError where something else was begun there.
 */
export function openRunFolder(
  folder: string,
  inputs: RunInputs,
  computing: Pick<RunRecord, 'threads' | 'precision'>,
): RunRecord {
  const path = join(folder, 'config.json');
  const versions = { hilum: packageVersion(), libtorch: engineInfo().libtorch };
  const key = contentHash({ ...inputs, versions });
  if (!existsSync(path)) {
    const record: RunRecord = {
      format: FORMAT,
      key,
      versions: { ...versions, node: process.version },
      ...computing,
      ...inputs,
    };
    writeJson(path, record);
    return record;
  }
  const record = readJson<RunRecord>(path);
  if (record.key === key) return record;
  const found =
    record.format === FORMAT
      ? `a pretraining with other ${differences(record, { ...inputs, versions }).join(', ')}`
      : 'something else';
  const fix = 'Give another --out, or the same configuration and images again.';
  throw inputError({ what: folder, found, expected: 'a new folder, or the same pretraining', fix });
}

const MOST_NAMED = 5;

/** Paths of the values that differ: `config.training.epochs (100, now 50)`. */
function differences(record: object, now: object): string[] {
  const faults: string[] = [];
  const compare = (path: string, before: unknown, after: unknown) => {
    const open = [before, after].every((value) => typeof value === 'object' && value !== null);
    if (!open) {
      if (before !== after) faults.push(`${path} (${text(before)}, now ${text(after)})`);
      return;
    }
    const [a, b] = [before, after] as [Record<string, unknown>, Record<string, unknown>];
    for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) compare(`${path}.${name}`, a[name], b[name]);
  };
  const before = JSON.parse(JSON.stringify(record));
  const after = JSON.parse(JSON.stringify(now));
  if (before.versions) delete before.versions.node;
  for (const name of Object.keys(after)) compare(name, before[name], after[name]);
  return faults.length > MOST_NAMED ? [...faults.slice(0, MOST_NAMED), `${faults.length - MOST_NAMED} more`] : faults;
}

function text(value: unknown): string {
  const json = JSON.stringify(value) ?? 'nothing';
  return json.length > 40 ? `${json.slice(0, 16)}…` : json;
}
