import type { SettingComparison } from '../result/index.js';
import { analysesOf, type DatasetTest, joined, type Told } from './analyses.js';
import type { TestingInput } from './testing-input.js';

export type { DatasetTest } from './analyses.js';
export type { TestingInput } from './testing-input.js';

export interface TestingProgress {
  /** Called once the redraws that take more than one thread are done; not in a test of settings, where all do. */
  redrawn(): void;
  /** Called with what each analysis tells. */
  done?(analysis: number, told: Told): void;
}

/** Some analyses of a test, by their numbers, one after the other. */
export function runAnalyses(
  input: TestingInput,
  numbers: readonly number[],
  { redrawn, done }: TestingProgress,
): Told[] {
  const analyses = analysesOf(input);
  return numbers.map((number, i) => {
    const isFirst = i === 0 || input.test === 'settings';
    const told = analyses[number]!.analyse(
      isFirst ? { threads: input.threads, redrawn } : { threads: 1, redrawn: () => {} },
    );
    done?.(number, told);
    return told;
  });
}

/** One test, from beginning to end; `redrawn` is called once the redraws that take more than one thread are done. */
export function runTest(input: TestingInput, redrawn: () => void): DatasetTest | SettingComparison[] {
  return joined(input, runAnalyses(input, [...analysesOf(input).keys()], { redrawn }));
}
