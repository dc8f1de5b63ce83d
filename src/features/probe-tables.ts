import type { Estimate } from '../evaluation/index.js';
import { cell, compact, decimals, left, NONE, right, type Table, type TableCell } from '../pages/index.js';
import type { ProbeResult } from './probe.js';

/** A number with its interval. */
function estimateCell({ estimate, low, high }: Estimate, best = false): TableCell {
  if (Number.isNaN(estimate)) return cell(NONE);
  return { text: decimals(estimate), range: `(${decimals(low)}, ${decimals(high)})`, strong: best };
}

const scoreName = ({ data }: ProbeResult) => (data.kind === 'findings' ? 'mean AUROC' : 'accuracy');
const unitsName = ({ data, units }: ProbeResult) => `${units} ${data.kind === 'findings' ? 'patients' : 'pictures'}`;

/** Weights by their scores on test. */
export function scoresTable(result: ProbeResult): Table {
  const best = (method: 'linear' | 'neighbors') => Math.max(...result.weights.map((it) => it[method].score.estimate));
  const [linear, neighbors] = [best('linear'), best('neighbors')];
  const rows = result.weights.map((it) => [
    cell(it.weights),
    estimateCell(it.linear.score, it.linear.score.estimate === linear),
    cell(rangeOf(it.linear.c)),
    estimateCell(it.neighbors.score, it.neighbors.score.estimate === neighbors),
    cell(`${it.neighbors.k}`),
    cell(`${it.dimensions}`),
  ]);
  const score = scoreName(result);
  return {
    title: `Frozen features on ${result.data.name}, test split: ${score} (95 % interval).`,
    columns: [left('Weights'), right('Linear probe'), right('C'), right('Nearest neighbours'), right('k'), right('D')],
    groups: [{ rows }],
    notes: [
      `Intervals by ${result.redraws} bootstrap redraws of ${unitsName(result)}.`,
      `C and k were chosen on validation; ${result.standardize ? 'features standardized for the linear probe.' : 'features as they are.'}`,
    ],
  };
}

function rangeOf(cs: readonly (number | null)[]): string {
  const known = cs.filter((c) => c !== null);
  const [least, most] = [Math.min(...known), Math.max(...known)].map((c) => compact(Number(c.toPrecision(2))));
  return least === most ? least! : `${least} to ${most}`;
}

/** Differences of the weights, each pair once. */
export function differencesTable(result: ProbeResult): Table {
  const names = result.weights.map(({ weights }) => weights);
  const methods = { linear: 'Linear probe', neighbors: 'Nearest neighbours' } as const;
  return {
    title: `Differences of ${scoreName(result)}, paired: the same redraws for both (95 % interval).`,
    columns: [left('First \u2212 second'), right('Difference'), right('p')],
    groups: (Object.keys(methods) as (keyof typeof methods)[]).map((method) => ({
      heading: methods[method],
      rows: result.differences
        .filter((it) => it.method === method && names.indexOf(it.first) < names.indexOf(it.second))
        .map(({ first, second, difference }) => [
          cell(`${first} \u2212 ${second}`),
          estimateCell(difference),
          cell(difference.pTwoSided < 0.001 ? '<0.001' : decimals(difference.pTwoSided)),
        ]),
    })),
    notes: ['p: two-sided, not corrected for the number of comparisons.'],
  };
}

/** AUROC of the linear probe per finding. */
export function findingsTable({ data, weights }: ProbeResult): Table {
  return {
    title: 'AUROC of the linear probe per finding (95 % interval).',
    columns: [left('Finding'), ...weights.map((it) => right(it.weights))],
    groups: [
      {
        rows: data.names.map((name, f) => {
          const estimates = weights.map((it) => it.linear.findings[f]!);
          const best = Math.max(...estimates.map(({ estimate }) => estimate));
          return [cell(name), ...estimates.map((it) => estimateCell(it, it.estimate === best))];
        }),
      },
    ],
    notes: [],
  };
}
