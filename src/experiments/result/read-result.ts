/** `result.json` as this version and earlier ones of hilum wrote it. */
import { inputError, readJson } from '../../base/index.js';
import {
  type ExperimentResult,
  type InitializationSummary,
  type Pretraining,
  RESULT_FORMAT,
  type Statistics,
} from './result.js';

/** Reads a `result.json`, of format 1 too. Throws an InputError where the file is missing or is not an experiment's result. */
export function readResult(path: string): ExperimentResult {
  const value = readJson<{ format?: unknown } | null>(path);
  if (value?.format === FIRST_FORMAT) return fromFirstFormat(value as FirstResult);
  if (value?.format !== RESULT_FORMAT) {
    throw inputError({
      what: `${path}: format`,
      found: JSON.stringify(value?.format) ?? 'no such field',
      expected: JSON.stringify(RESULT_FORMAT),
      fix: 'Name the folder of a finished experiment, or run the experiment again with this version of hilum.',
    });
  }
  return value as ExperimentResult;
}

const FIRST_FORMAT = 'hilum-experiment-result/1';

/** One pretraining of an initialization, with the experiment's seed. */
type FirstResult = Omit<ExperimentResult, 'statistics' | 'initializations'> & {
  statistics: Omit<Statistics, 'seedsRedrawn'> & { seedsRedrawn: boolean };
  initializations: (Omit<InitializationSummary, 'pretrainings'> & { pretraining?: Omit<Pretraining, 'seed'> })[];
};

function fromFirstFormat({ statistics, initializations, ...rest }: FirstResult): ExperimentResult {
  return {
    ...rest,
    format: RESULT_FORMAT,
    statistics: { ...statistics, seedsRedrawn: { pretraining: false, finetuning: statistics.seedsRedrawn } },
    initializations: initializations.map(({ pretraining, ...start }) => ({
      ...start,
      ...(pretraining && { pretrainings: [{ ...pretraining, seed: statistics.seed }] }),
    })),
  };
}
