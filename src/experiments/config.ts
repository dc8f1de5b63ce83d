import { dirname, resolve } from 'node:path';
import { checkDocument, readYaml } from '../base/index.js';
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
