import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { relativeError } from '../../../test/reference.js';
import { liveTensors } from '../../torch/index.js';
import { accuracy, probeClasses, probedClasses, probedFindings, probeFindings } from './linear-probe.js';

function fixture<T>(name: string): T {
  const text = readFileSync(join(import.meta.dirname, 'fixtures', `${name}.json`), 'utf8');
  return JSON.parse(text, (_, value) => (value === null ? NaN : value)) as T;
}

interface FindingsCase {
  name: string;
  dimensions: number;
  findings: number;
  standardize: boolean;
  cs: number[];
  features: number[];
  labels: number[];
  /** Per C `[n, F]`. */
  logits: number[][];
}

interface ClassesCase {
  dimensions: number;
  classes: number;
  cs: number[];
  features: number[];
  labels: number[];
  /** Per C `[n, K]`. */
  probabilities: number[][];
}

const cases = fixture<FindingsCase[]>('findings');
const data = ({ features, labels }: FindingsCase) => ({
  features: Float32Array.from(features),
  labels: Float32Array.from(labels),
});
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

describe('a linear probe of findings', () => {
  it.each(cases)('equals scikit-learn along the path: $name', (reference) => {
    const { dimensions, findings, standardize, cs } = reference;
    const before = liveTensors();
    const train = data(reference);
    const options = { dimensions, findings, standardize, train, validation: train };
    for (const [i, c] of cs.entries()) {
      const upTo = cs.slice(0, i + 1);
      const whole = probeFindings({ ...options, cs: upTo });
      // The path of one C alone starts elsewhere and must end at the same place.
      const alone = probeFindings({ ...options, cs: [c] });
      expect(whole.path.at(-1)!.converged).toBe(true);
      const expected = Float32Array.from(reference.logits[i]!, sigmoid);
      const probabilities = probedFindings(alone, train.features, dimensions);
      expect(relativeError(probabilities, expected)).toBeLessThan(3e-5);
      expect([...whole.path.at(-1)!.scores]).toEqual([...alone.path[0]!.scores]);
    }
    expect(liveTensors()).toBe(before);
  });

  it('takes for each finding the C with the highest AUROC on validation', () => {
    const [reference] = cases as [FindingsCase];
    const { dimensions, findings, cs } = reference;
    const all = data(reference);
    const half = (values: Float32Array, width: number, from: number, to: number) =>
      values.subarray(from * width, to * width);
    const part = (from: number, to: number) => ({
      features: half(all.features, dimensions, from, to),
      labels: half(all.labels, findings, from, to),
    });
    const probe = probeFindings({ dimensions, findings, cs, train: part(0, 60), validation: part(60, 90) });
    for (let f = 0; f < findings; f++) {
      const scores = probe.path.map((point) => point.scores[f]!);
      expect(probe.chosen[f]).toBe(scores.indexOf(Math.max(...scores)));
    }
    const chosen = probedFindings(probe, part(60, 90).features, dimensions);
    const own = probeFindings({
      dimensions,
      findings,
      cs: [cs[probe.chosen[1]!]!],
      train: part(0, 60),
      validation: part(60, 90),
    });
    const expected = probedFindings(own, part(60, 90).features, dimensions);
    for (let row = 0; row < 30; row++) expect(chosen[row * findings + 1]).toBeCloseTo(expected[row * findings + 1]!, 5);
  });

  it('leaves out what cannot be fitted, and lets a finding without both classes in validation follow the others', () => {
    const [reference] = cases as [FindingsCase];
    const { dimensions, findings, cs } = reference;
    const train = data(reference);
    train.labels = train.labels.map((label, i) => (i % findings === 2 ? 0 : label));
    const validation = { ...train, labels: train.labels.map((label, i) => (i % findings === 1 ? NaN : label)) };
    const probe = probeFindings({ dimensions, findings, cs, train, validation });
    expect(probe.chosen[2]).toBe(-1);
    expect(probe.path.every(({ scores }) => Number.isNaN(scores[1]) && Number.isNaN(scores[2]))).toBe(true);
    expect(probe.chosen[1]).toBe(probe.chosen[0]);
    const probabilities = probedFindings(probe, train.features, dimensions);
    expect(probabilities.slice(0, 3).map((p) => (Number.isNaN(p) ? 1 : 0))).toEqual(Float32Array.of(0, 0, 1));
    const none = { ...validation, labels: validation.labels.map(() => NaN) };
    expect(() => probeFindings({ dimensions, findings, cs, train, validation: none })).toThrow(
      'linear probe: found no finding with positives and negatives in both training and validation',
    );
  });

  it('ends the path of a finding that is separated, instead of following it to infinity', () => {
    const features = Float32Array.from({ length: 40 }, (_, i) => (i % 2 ? 1 : -1) * (i + 1));
    const labels = features.map((x) => (x > 0 ? 1 : 0));
    const probe = probeFindings({
      dimensions: 1,
      findings: 1,
      train: { features, labels },
      validation: { features, labels },
    });
    expect(probe.path.at(-1)!.iterations).toBe(0);
    expect(probe.path.every(({ mean, converged }) => mean === 1 && converged)).toBe(true);
  });

  it('refuses features that are not finite, and lengths that do not fit', () => {
    const [{ dimensions, findings, ...reference }] = cases as [FindingsCase];
    const train = data({ dimensions, findings, ...reference });
    const features = train.features.with(dimensions + 3, Infinity);
    const options = { dimensions, findings, train, validation: train };
    expect(() => probeFindings({ ...options, train: { ...train, features } })).toThrow(
      'training features: found Infinity in row 1, column 3; expected finite numbers',
    );
    expect(() => probeFindings({ ...options, validation: { ...train, labels: train.labels.subarray(1) } })).toThrow(
      'labels for 90 validation rows',
    );
  });
});

/** Throws when it is called the third time. */
function thirdTime(): () => void {
  let calls = 0;
  return () => {
    if (++calls === 3) throw new Error('enough');
  };
}

it('ends in the middle of a regression where it is told to, and leaves no tensor behind', () => {
  const before = liveTensors();
  const features = Float32Array.from({ length: 40 }, (_, i) => Math.sin(i ** 2));
  const own = { features, labels: features.map((x, i) => (x + Math.sin(i) > 0 ? 1 : 0)) };
  const classes = { features, labels: Int32Array.from(own.labels) };
  let fits = 0;
  const options = { dimensions: 1, cs: [1], onProgress: () => void fits++ };
  const findings = { ...options, findings: 1, train: own, validation: own };
  const two = { ...options, classes: 2, train: classes, validation: classes };
  expect(() => probeFindings({ ...findings, onWork: thirdTime() })).toThrow('enough');
  expect(() => probeClasses({ ...two, onWork: thirdTime() })).toThrow('enough');
  expect(fits).toBe(0);
  expect(liveTensors()).toBe(before);
});

describe('a linear probe of classes', () => {
  const reference = fixture<ClassesCase>('classes');
  const { dimensions, classes, cs } = reference;
  const train = { features: Float32Array.from(reference.features), labels: Int32Array.from(reference.labels) };

  it("equals scikit-learn's multinomial regression along the path", () => {
    const before = liveTensors();
    for (const [i, c] of cs.entries()) {
      const alone = probeClasses({ dimensions, classes, train, validation: train, cs: [c] });
      expect(alone.path[0]!.converged).toBe(true);
      const probabilities = probedClasses(alone, train.features, dimensions);
      expect(relativeError(probabilities, Float32Array.from(reference.probabilities[i]!))).toBeLessThan(1e-5);
    }
    expect(liveTensors()).toBe(before);
  });

  it('takes the C with the highest accuracy on validation, the smallest of equals', () => {
    const probe = probeClasses({ dimensions, classes, train, validation: train, cs });
    const best = reference.probabilities.map((p) => accuracy(Float32Array.from(p), train.labels, classes));
    for (const [i, { mean }] of probe.path.entries()) expect(mean).toBeCloseTo(best[i]!, 6);
    expect(probe.chosen[0]).toBe(best.indexOf(Math.max(...best)));
  });

  it('refuses one class, and a class that there is not', () => {
    const labels = new Int32Array(train.labels.length);
    const options = { dimensions, classes, train: { ...train, labels }, validation: train };
    expect(() => probeClasses(options)).toThrow('found one class in training; expected two classes or more');
    expect(() => probeClasses({ ...options, train: { ...train, labels: labels.with(3, 4) } })).toThrow(
      'class: found 4; expected 0 to 3',
    );
  });
});
