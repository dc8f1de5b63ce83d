import { beforeEach, expect, it, vi } from 'vitest';
import { printed } from '../../test/printed.js';
import { main } from '../main.js';

vi.mock('../output.js', async (original) => (await import('../../test/printed.js')).capturing(original));

beforeEach(() => Object.assign(printed, { out: '', err: '' }));

const asked = (...words: string[]) => main(['testsize', '--auroc', '0.8', '--prevalence', '0.1', ...words]);

it('answers in a sentence', async () => {
  expect(await asked('--width', '0.1')).toBe(0);
  // The figure of docs/statistics.md, which SciPy's root finding gives too.
  expect(printed.out).toMatch('1,140 images, 114 positive and 1,026 negative');
  expect(printed.err).toBe('');
});

it('prints one JSON document', async () => {
  expect(await asked('--against', '0.8', '--power', '0.8', '--margin', '0.05', '--correlation', '-0.1', '--json')).toBe(
    0,
  );
  expect(JSON.parse(printed.out)).toMatchObject({ format: 'hilum-testsize/1', assumed: { correlation: -0.1 } });
});

it.each([
  [['--width', '5'], 'Expected a number between 0 and 1.'],
  [['--width', '0.1', '--images-per-patient', '0.5'], 'Expected a number from 1 to 1000.'],
  [['--width', '0.1', '--against', '0.7', '--correlation', '1'], 'Expected a number from -1 to below 1.'],
  [['--width', '0.1', '--images-per-patient', '2', '--within-patient', '2'], 'Expected a number from 0 to 1.'],
  [[], 'no --width and no --power'],
])('ends with 2: %j', async (words, message) => {
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed.err += text;
    return true;
  });
  expect(await asked(...words)).toBe(2);
  expect(printed.err).toContain(message);
  expect(printed.out).toBe('');
});
