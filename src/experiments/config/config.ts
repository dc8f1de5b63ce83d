import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { inputError, readJson } from '../../base/index.js';
import { checkDocument, readYaml } from '../../documents/index.js';
import { type ExperimentConfig, experimentSchema } from './schema.js';

export interface LoadedExperiment {
  config: ExperimentConfig;
  /** Folder that the data sets' and weights' paths start from. */
  dataRoot: string;
}

/**
 * Reads an experiment file. Relative paths in it start from `dataRoot`, or from the file's own folder.
 * Throws an InputError that lists every fault with file, field, what was found and what was expected.
 */
export function loadExperiment(path: string, dataRoot?: string): LoadedExperiment {
  const config = checkExperiment(readYaml(path, 'an experiment in YAML'), path);
  return { config, dataRoot: resolve(dataRoot ?? dirname(path)) };
}

/** Checks an experiment that is an object already and fills in the defaults. Throws as `loadExperiment`. */
export function checkExperiment(value: unknown, source: string): ExperimentConfig {
  return checkDocument(experimentSchema, value, source);
}

/** Where a run leaves the full form of its configuration. */
export const configPath = (folder: string): string => join(folder, 'config.json');

/** The configuration of the experiment in a folder. Throws an InputError where none was started there. */
export function readConfig(folder: string): ExperimentConfig {
  const path = configPath(folder);
  if (!existsSync(path)) {
    const fix = 'Start it: hilum experiment run FILE --out FOLDER';
    throw inputError({ what: folder, found: 'no config.json', expected: 'the folder of an experiment', fix });
  }
  const { versions: _, hash: __, ...config } = readJson<Record<string, unknown>>(path);
  return checkExperiment(config, path);
}
