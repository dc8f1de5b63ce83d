import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { contentHash, packageVersion, readJson, writeJson } from '../../base/index.js';
import { engineInfo } from '../../torch/index.js';
import type { ExperimentConfig } from '../config/schema.js';

/** A part of an experiment: named by people, keyed by everything that its result depends on. */
export interface Part {
  name: string;
  key: string;
  /** Holds `config.json`, and `result.json` once the part is finished. */
  folder: string;
  inputs: unknown;
}

/**
 * The folder of a part under the experiment's. Equal inputs and hilum versions give the same folder, so that a finished
 * part is found again and anything changed starts a new one. Nothing is written yet.
 */
export function partOf(experimentFolder: string, name: string, inputs: unknown): Part {
  const key = contentHash({ version: packageVersion(), libtorch: engineInfo().libtorch, name, inputs });
  const slug = name.replace(/[^\w.-]+/g, '-');
  return { name, key, folder: join(experimentFolder, 'parts', `${slug}-${key.slice(0, 10)}`), inputs };
}

/** Makes the folder of a part with its `config.json`. */
export function makePart({ name, key, folder, inputs }: Part): void {
  mkdirSync(folder, { recursive: true });
  const configPath = join(folder, 'config.json');
  if (existsSync(configPath)) return;
  const versions = { hilum: packageVersion(), node: process.version, libtorch: engineInfo().libtorch };
  writeJson(configPath, { name, key, versions, inputs });
}

/** A start as the names of parts have it: with its pretraining seed, where that is not the experiment's seed. */
export function startTitle({ seed }: ExperimentConfig, name: string, pretrainingSeed = seed): string {
  return pretrainingSeed === seed ? name : `${name} pretraining seed ${pretrainingSeed}`;
}

export const resultPath = ({ folder }: Pick<Part, 'folder'>): string => join(folder, 'result.json');

/** What a finished part left; undefined where it is not finished. */
export function storedResult<T>(part: Part): { result: T } | undefined {
  const path = resultPath(part);
  return existsSync(path) ? { result: readJson<T>(path) } : undefined;
}
