/** What the image size, the share of labels and the tuning change. */
import { join } from 'node:path';
import { pairedBootstrap } from '../../evaluation/index.js';
import type { ExperimentConfig } from '../config/schema.js';
import { differingFactor, type Setting } from '../config/settings.js';
import type { FinetuneResult } from '../finetuning/finetune.js';
import { ofSplitOnly, readPredictions } from '../finetuning/predictions.js';
import type { SettingComparison } from '../result/index.js';
import { corrected, unorderedPairs, withDelong } from './comparisons.js';
import { redrawingOf } from './redrawing.js';

/** The runs of an initialization on a data set, in a setting. */
export interface SettingCell {
  setting: Setting;
  initialization: string;
  runs: readonly FinetuneResult[];
}

/**
 * Compares the settings of an initialization that differ in one factor, on the redraws of the data set's tests. The p-values are
 * corrected over all pairs.
 */
export function compareSettings(
  cells: readonly SettingCell[],
  dataset: string,
  config: ExperimentConfig,
  threads: number,
): SettingComparison[] {
  const { initialization } = cells[0]!;
  const settings = new Map(cells.map(({ setting }) => [setting.name, setting]));
  const factorOf = ({ first, second }: { first: string; second: string }) =>
    differingFactor(settings.get(first)!.values, settings.get(second)!.values);
  const { labels, patients, findings } = testOf(cells[0]!.runs[0]!);
  const redrawing = redrawingOf(config, { labels, patients });
  const { interval, margin } = config.statistics;
  const models = cells.map(({ setting, runs }) => ({
    name: setting.name,
    seeds: runs.map((run) => testOf(run).probabilities),
    pretrainings: runs.map(({ pretrainingSeed = 0 }) => pretrainingSeed),
  }));
  const options = {
    labels,
    findings: findings.length,
    models,
    interval,
    margin: margin ?? undefined,
    strata: redrawing.drawnWithin,
  };
  const { comparisons } = pairedBootstrap({ ...redrawing, ...options }, { threads });
  const pairs = unorderedPairs(comparisons, [...settings.keys()]).filter((pair) => factorOf(pair) !== undefined);
  const tested = withDelong(corrected(pairs, findings, config.statistics), { ...redrawing, labels, models });
  return tested.map((pair): SettingComparison => {
    return { dataset, initialization, factor: factorOf(pair)!, ...pair };
  });
}

const testOf = ({ folder }: FinetuneResult) => ofSplitOnly(readPredictions(join(folder, 'predictions.csv')), 'test');
