import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it, vi } from 'vitest';
import { printed } from '../../test/printed.js';
import { main } from '../main.js';

vi.mock('../output.js', async (original) => (await import('../../test/printed.js')).capturing(original));

const folder = mkdtempSync(join(tmpdir(), 'hilum-compare-command-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => Object.assign(printed, { out: '', err: '' }));

/** Forty images; `score` makes the predictions. */
function file(name: string, score: (label: number, i: number) => number): string {
  const rows = Array.from({ length: 40 }, (_, i) => `i${i},${i % 3 ? 0 : 1},${score(i % 3 ? 0 : 1, i)}\n`);
  writeFileSync(join(folder, name), `id,Edema label,Edema\n${rows.join('')}`);
  return join(folder, name);
}

const good = file('good.csv', (label, i) => label + ((i * 7) % 11) / 10);
const poor = file('poor.csv', (_, i) => ((i * 7) % 13) / 13);

it('prints a table and a verdict, and writes files', async () => {
  const out = join(folder, 'out');
  expect(await main(['compare', good, poor, '--redraws', '200', '--margin', '0.05', '--out', out])).toBe(0);
  expect(printed.out).toMatch(/^Finding +Positive \/ negative +good +poor +Difference/);
  expect(printed.out).toMatch(
    /good is better than poor by 0\.\d{3} .*With the margin 0\.05, good is non-inferior to poor/,
  );
  expect(readdirSync(out).sort()).toEqual(['comparison.csv', 'comparison.html', 'comparison.json']);
});

it('prints one JSON document, and names models and seeds as asked', async () => {
  const args = ['compare', '--a', good, poor, '--b', poor, poor, '--name-a', 'A', '--name-b', 'B'];
  expect(await main([...args, '--redraws', '100', '--findings', 'Edema', '--json'])).toBe(0);
  const result = JSON.parse(printed.out);
  expect(result).toMatchObject({
    first: { name: 'A', files: [good, poor] },
    second: { name: 'B' },
    statistics: { redraws: 100 },
  });
  expect(result.conclusions).toMatchObject({ nonInferior: null, pNonInferior: null });
});

it.each([
  [['compare', good], 'the second model: found nothing; expected a file or folder, or --b'],
  [['compare', good, poor, good], 'expected two models. Files of one model with different training seeds go together'],
  [['compare', good, poor, '--a', good], 'the first model: found'],
  [['compare', good, poor, '--findings', 'Edma'], 'expected Edma, as --findings says. Did you mean "Edema"?'],
])('ends with 2: %j', async (args, message) => {
  expect(await main(args)).toBe(2);
  expect(printed.err).toContain(message);
  expect(printed.out).toBe('');
});
