import { CORRECTION_NAMES } from '../evaluation/index.js';
import { counted, decimals, listed } from '../pages/index.js';
import type { ModelComparison, NumberWithInterval } from './result.js';

/** What the numbers allow to be said, and no more. */
export function verdict(result: Omit<ModelComparison, 'verdict'>): string {
  return [means(result), conclusion(result), ...ofFindings(result)].join(' ');
}

function means({ first, second, mean, data, statistics }: Omit<ModelComparison, 'verdict'>): string {
  const what =
    mean.over.length === 1 ? `AUROC for ${mean.over[0]}` : `mean AUROC over ${counted(mean.over.length, 'finding')}`;
  const of = (name: string, value: NumberWithInterval | null) =>
    `${name} ${value ? `${decimals(value.estimate)} (${range(value)})` : 'unknown'}`;
  const patients = data.patients === null ? '' : ` of ${counted(data.patients, 'patient')}`;
  return (
    `On ${counted(data.images, 'image')}${patients}, ${what}: ${of(first.name, mean.first)}, ${of(second.name, mean.second)} ` +
    `(${confidence(statistics.confidence)} intervals).`
  );
}

function conclusion({ first, second, mean, conclusions, statistics }: Omit<ModelComparison, 'verdict'>): string {
  if (!mean.difference) return 'Their difference cannot be estimated.';
  const { estimate, low, high } = mean.difference;
  const { superior, inferior, nonInferior, equivalent } = conclusions;
  const { margin, alternative } = statistics;
  const side =
    alternative === 'two-sided' ? '' : `, one-sided: ${first.name} ${alternative === 'greater' ? 'better' : 'worse'}`;
  const tests = [
    ...(mean.p === null ? [] : [`bootstrap ${pInProse(mean.p)}`]),
    ...(mean.pPermutation === null ? [] : [`permutation ${pInProse(mean.pPermutation)}`]),
  ];
  const evidence = `${range({ low, high })}; ${tests.join(', ')}${side}`;
  const better = superior ? [first.name, second.name] : [second.name, first.name];
  const sentences = [
    superior || inferior
      ? `${better[0]} is better than ${better[1]} by ${decimals(Math.abs(estimate))} (difference ${signed(estimate)}, ${evidence}).`
      : `The data do not settle which is better: the difference ${first.name} \u2212 ${second.name} is ${signed(estimate)} (${evidence}), ` +
        `so that ${first.name} may be worse by up to ${decimals(Math.max(0, -low))} and better by up to ${decimals(Math.max(0, high))}.`,
  ];
  if (margin !== null) {
    const p = (value: number | null) => (value === null ? '' : ` (${pInProse(value)})`);
    sentences.push(
      equivalent
        ? `With the margin ${margin} they are equivalent${p(conclusions.pEquivalent)}.`
        : nonInferior
          ? `With the margin ${margin}, ${first.name} is non-inferior to ${second.name}${p(conclusions.pNonInferior)}, but equivalence is not shown.`
          : `With the margin ${margin}, non-inferiority of ${first.name} is not shown.`,
    );
  }
  return sentences.join(' ');
}

function ofFindings({ first, second, findings, statistics }: Omit<ModelComparison, 'verdict'>): string[] {
  const tested = findings.filter(({ pAdjusted, difference }) => pAdjusted !== null && difference !== null);
  if (tested.length < 2) return [];
  const level = 1 - statistics.confidence;
  const clear = tested.filter(({ pAdjusted }) => pAdjusted! <= level);
  const names = (sign: number) =>
    clear.filter(({ difference }) => sign * difference!.estimate > 0).map(({ finding }) => finding);
  const parts = [[first.name, names(1)] as const, [second.name, names(-1)] as const]
    .filter(([, won]) => won.length > 0)
    .map(([name, won]) => `${name} for ${listed(won)}`);
  const how =
    statistics.correction === 'none'
      ? 'without correction'
      : `with p corrected by ${CORRECTION_NAMES[statistics.correction]}`;
  return [
    parts.length > 0
      ? `By finding, ${how}, better at ${Number(level.toFixed(4))}: ${listed(parts)}.`
      : `By finding, ${how}, no difference is significant at ${Number(level.toFixed(4))}.`,
  ];
}

export const range = ({ low, high }: { low: number; high: number }) => `${decimals(low)} to ${decimals(high)}`;
export const confidence = (fraction: number) => `${Number((100 * fraction).toFixed(2))} %`;
export const signed = (value: number) =>
  value > 0 && Number(value.toFixed(3)) !== 0 ? `+${decimals(value)}` : decimals(value);
const pInProse = (p: number) => (p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(3)}`);
