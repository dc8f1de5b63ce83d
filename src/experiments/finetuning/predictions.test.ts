import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Radiograph } from '../../datasets/index.js';
import { ofSplitOnly, readPredictions, writePredictions } from './predictions.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hilum-predictions-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const FINDINGS = ['Effusion', 'Mass, large "x"'];

const radiograph = (id: string, split: Radiograph['split'], labels: number[]): Radiograph => ({
  id,
  patient: `patient of ${id}`,
  split,
  labels: Float32Array.from(labels),
  path: '',
  view: null,
  sex: null,
  ageYears: Number.NaN,
});

describe('predictions.csv', () => {
  it('gives back every bit of the probabilities, labels, ids and splits', () => {
    const probability = fc.float({ min: 0, max: 1, noNaN: true, noDefaultInfinity: true });
    const label = fc.constantFrom(0, 1, Number.NaN);
    const row = fc.record({
      id: fc.string({ minLength: 1 }),
      split: fc.constantFrom('validate' as const, 'test' as const),
      labels: fc.tuple(label, label),
      probabilities: fc.tuple(probability, probability),
    });
    const path = join(folder, 'predictions.csv');
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), (rows) => {
        writePredictions(
          path,
          FINDINGS,
          rows.map(({ id, split, labels, probabilities }) => ({
            radiograph: radiograph(id, split, labels),
            probabilities: Float32Array.from(probabilities),
          })),
        );
        const read = readPredictions(path);
        expect(read.findings).toEqual(FINDINGS);
        expect(read.ids).toEqual(rows.map(({ id }) => id));
        expect(read.splits).toEqual(rows.map(({ split }) => split));
        const bits = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
        const probabilities = Float32Array.from(rows.flatMap((it) => it.probabilities)).map((p) => p + 0);
        expect(bits(read.probabilities).equals(bits(probabilities))).toBe(true);
        expect([...read.labels]).toEqual(rows.flatMap((it) => it.labels));
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['with quotation marks everywhere', (line: string) => line.replace(/[^,]+/g, '"$&"'), '\n'],
    [
      'with them in the header alone',
      (line: string, i: number) => (i === 0 ? line.replace(/[^,]+/g, '"$&"') : line),
      '\n',
    ],
    ['without a line break at its end', (line: string) => line, ''],
    ['with carriage returns', (line: string) => `${line}\r`, '\n'],
  ])('reads a file %s the same', (_, write, end) => {
    const lines = ['id,patient,split,label A,probability A', 'ä,p,test,1,0.25', 'b,p,test,,1e-7', 'c,q,validate,0,1'];
    const read = [lines, lines.map(write)].map((own, i) => {
      const path = join(folder, 'same.csv');
      writeFileSync(path, own.join('\n') + (i === 0 ? '\n' : end));
      return readPredictions(path);
    });
    expect(read[1]).toEqual(read[0]);
    expect(read[0]!.ids).toEqual(['ä', 'b', 'c']);
    expect([...read[0]!.probabilities]).toEqual([0.25, Math.fround(1e-7), 1]);
  });

  it('gives the rows of one split', () => {
    const path = join(folder, 'split.csv');
    const rows = (['test', 'validate', 'test'] as const).map((split, i) => ({
      radiograph: radiograph(`${i}.png`, split, [1, 0]),
      probabilities: Float32Array.of(i / 4, 0.5),
    }));
    writePredictions(path, FINDINGS, rows);
    const test = ofSplitOnly(readPredictions(path), 'test');
    expect(test.ids).toEqual(['0.png', '2.png']);
    expect([...test.probabilities]).toEqual([0, 0.5, 0.5, 0.5]);
    expect(test.patients).toEqual(['patient of 0.png', 'patient of 2.png']);
  });

  it.each([
    ['no such file', undefined, /no\.csv: found no such file/],
    ['a missing column', 'id,split,label A,probability A\n', /a column 'patient'/],
    ['a missing label column', 'id,patient,split,probability A\n', /a column 'label A'/],
    ['no finding', 'id,patient,split\n', /a column 'probability/],
    ['a row that is cut off', 'id,patient,split,label A,probability A\na,b,test,1,0.5\na,b,te', /row 3/],
    ['a word', 'id,patient,split,label A,probability A\na,b,test,1,high\n', /row 2, probability A: found "high"/],
    ['no probability', 'id,patient,split,label A,probability A\na,b,test,1,\n', /row 2, probability A: found ""/],
    [
      'more than 1',
      'id,patient,split,label A,probability A\na,b,test,1,1.5\n',
      /found "1.5"; expected a number from 0 to 1/,
    ],
    ['another label', 'id,patient,split,label A,probability A\na,b,test,2,0.5\n', /row 2, label A: found "2"/],
  ])('is refused with its name: %s', (_, text, message) => {
    const path = join(folder, text === undefined ? 'no.csv' : 'bad.csv');
    if (text !== undefined) writeFileSync(path, text);
    expect(() => readPredictions(path)).toThrow(message);
  });

  it('keeps patients and ids as they are', () => {
    expect(readFileSync(join(folder, 'split.csv'), 'utf8').split('\n')[0]).toBe(
      'id,patient,split,label Effusion,probability Effusion,"label Mass, large ""x""","probability Mass, large ""x"""',
    );
  });
});
