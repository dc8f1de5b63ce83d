import { decimals, NONE } from '../../pages/index.js';
import type { Difference, ExperimentResult, Interval } from '../result/index.js';

/** A difference, always with its sign. */
export function signed(value: number): string {
  const text = decimals(value);
  return value > 0 && Number(value.toFixed(3)) !== 0 ? `+${text}` : text;
}

/** `[0.801, 0.899]` */
export function range({ low, high }: Interval): string {
  return `[${decimals(low)}, ${decimals(high)}]`;
}

/** A p-value as journals print it: three decimals, never 0. Empty cell where there is none. */
export function pValue(p: number | null): string {
  if (p === null) return NONE;
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** A p-value within a sentence: `p = 0.012`, `p < 0.001`. */
export function pInProse(p: number, name = 'p'): string {
  return p < 0.001 ? `${name} < 0.001` : `${name} = ${p.toFixed(3)}`;
}

/** What backs a difference, within brackets: `0.010 to 0.080; corrected p = 0.012` */
export function evidenceText(
  { difference, pAdjusted }: Pick<Difference, 'difference' | 'pAdjusted'>,
  result: Pick<ExperimentResult, 'statistics'>,
): string {
  const p = pAdjusted === null ? '' : `; ${pInProse(pAdjusted, pName(result))}`;
  return difference ? `${between(difference)}${p}` : 'not estimable';
}

/** An interval in a sentence: `0.801 to 0.899` */
export function between({ low, high }: Interval): string {
  return `${decimals(low)} to ${decimals(high)}`;
}

/** What `pAdjusted` is called. */
export function pName({ statistics }: Pick<ExperimentResult, 'statistics'>): string {
  return statistics.correction === 'none' ? 'p' : 'corrected p';
}

/** `95 %` */
export function confidence(fraction: number): string {
  return `${Number((100 * fraction).toFixed(2))} %`;
}

/** Makes text safe and literal inside a line or a table cell of GitHub-flavoured Markdown. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[\\`*[\]|~]/g, '\\$&')
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/\s*[\r\n]+\s*/g, ' ');
}
