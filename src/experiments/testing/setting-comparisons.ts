/** What the image size, the share of labels and the tuning change, for each initialization. */
import { join } from 'node:path';
import { pairedBootstrap } from '../../evaluation/index.js';
import type { ExperimentConfig } from '../config/schema.js';
import { differingFactor, type Setting } from '../config/settings.js';
import type { FinetuneResult } from '../finetuning/finetune.js';
import { ofSplitOnly, readPredictions } from '../finetuning/predictions.js';
import type { SettingComparison } from '../result/index.js';
import { corrected, unorderedPairs } from './comparisons.js';
import { redrawingOf } from './redrawing.js';

/** The runs of an initialization on a data set, in a setting. */
export interface SettingCell {
  setting: Setting;
  initialization: string;
  runs: readonly FinetuneResult[];
}

/**
 * Compares the settings of each initialization that differ in one factor, on the redraws of the data set's tests. The p-values are
 * corrected over all pairs of an initialization.
 */
export function compareSettings(
  cells: readonly SettingCell[],
  dataset: string,
  config: ExperimentConfig,
): SettingComparison[] {
  const initializations = [...new Set(cells.map(({ initialization }) => initialization))];
  return initializations.flatMap((initialization) => {
    const own = cells.filter((cell) => cell.initialization === initialization);
    const settings = new Map(own.map(({ setting }) => [setting.name, setting]));
    const factorOf = ({ first, second }: { first: string; second: string }) =>
      differingFactor(settings.get(first)!.values, settings.get(second)!.values);
    const tests = own.map(({ runs }) => runs.map(({ folder }) => testOf(folder)));
    const { labels, patients, findings } = tests[0]![0]!;
    const redrawing = redrawingOf(config, { labels, patients });
    const { interval, correction } = config.statistics;
    const models = own.map(({ setting, runs }, i) => ({
      name: setting.name,
      seeds: tests[i]!.map(({ probabilities }) => probabilities),
      pretrainings: runs.map(({ pretrainingSeed = 0 }) => pretrainingSeed),
    }));
    const options = { labels, findings: findings.length, models, interval, strata: redrawing.drawnWithin };
    const { comparisons } = pairedBootstrap({ ...redrawing, ...options });
    const pairs = unorderedPairs(comparisons, [...settings.keys()]).filter((pair) => factorOf(pair) !== undefined);
    return corrected(pairs, findings, correction).map((pair): SettingComparison => {
      return { dataset, initialization, factor: factorOf(pair)!, ...pair };
    });
  });
}

const testOf = (folder: string) => ofSplitOnly(readPredictions(join(folder, 'predictions.csv')), 'test');
