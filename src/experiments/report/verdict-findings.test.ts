import { expect, it } from 'vitest';
import { exampleResult } from './fixtures/result.js';
import { tested } from './fixtures/settings.js';
import { ranked } from './select.js';
import { verdict } from './verdict.js';

/** What is said of findings where the best is `by` above every other, and `first` on the first finding. */
function said(by: number, first: number): string {
  const result = exampleResult();
  for (const pair of result.comparisons) {
    const [best] = ranked(result, pair.dataset);
    const sign = pair.first === best!.initialization ? 1 : -1;
    for (const [i, it] of pair.findings.entries()) {
      if (it.difference) Object.assign(it, tested(sign * (i === 0 ? first : by), 0.01));
    }
  }
  return verdict(result).find((sentence) => sentence.startsWith('Findings: '))!;
}

it('counts findings on which the best is above another, and names where it is below', () => {
  const comparisons = 2 * 2 * 4;
  expect(said(0.03, 0.03)).toBe(
    `Findings: of ${comparisons} comparisons of the best initialization of a data set with another on a single finding, it is significantly above in ` +
      `${comparisons}, significantly below in 0; in 0 neither is shown.`,
  );
  expect(said(0.03, -0.04)).toMatch(
    /above in 12, significantly below in 4, the largest: Atelectasis on [\w-]+, below [\w-]+ by 0\.040 \(0\.030 to 0\.050; corrected p = 0\.003\), .* and .*; in 0 neither is shown\.$/,
  );
  expect(said(0.003, 0.003)).toMatch(/above in 0, significantly below in 0; in 16 neither is shown\.$/);
});

it('says nothing of findings that were not compared', () => {
  const result = exampleResult();
  for (const pair of result.comparisons) pair.findings = [];
  expect(verdict(result).join('\n')).not.toContain('Findings: ');
});
