import { type LegendItem, seriesOf } from '../../pages/index.js';
import type { ExperimentResult } from '../result/index.js';

/** The initializations as every figure draws them. */
export function legendOf({ initializations }: Pick<ExperimentResult, 'initializations'>): LegendItem[] {
  return initializations.map(({ name }, i) => ({ name, ...seriesOf(i) }));
}
