import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectClose, references } from '../../test/reference.js';
import { backward, fromArray, gradOf, scope, setThreads, type Tensor, toFloat32Array } from '../torch/index.js';
import type { MultiLabelLoss } from './losses.js';
import { type Examples, multiLabel, type Objective, singleLabel } from './objective.js';

setThreads(1);
const SOURCES = references(join(import.meta.dirname, 'fixtures'), 'objective');
const CLOSE = 1e-6;
const ALL = { indices: Int32Array.from({ length: 6 }, (_, i) => i) };

it('has the reference of Python, stored', () => {
  expect(SOURCES.map(({ source }) => source)).toContain('stored');
});

describe.each(SOURCES)('the numbers of PyTorch ($source)', ({ tensors: reference }) => {
  const leaf = (name: string): Tensor => reference[name]!.clone().requiresGrad_();

  it('several findings, with pos_weight and unknown labels', () => {
    const labels = toFloat32Array(reference['multi/labels']!);
    const objective = multiLabel(labels, toFloat32Array(reference['multi/posWeight']!), 'cpu');
    scope(() => {
      const logits = leaf('multi/logits');
      const loss = objective.loss(logits, ALL);
      backward(loss);
      expectClose('loss', loss, reference['multi/loss']);
      const gradient = gradOf(logits)!;
      expectClose('gradient', gradient, reference['multi/gradient']);
      const values = toFloat32Array(gradient);
      for (const [i, label] of labels.entries()) if (Number.isNaN(label)) expect(values[i]).toBe(0);
      expectClose('probabilities', objective.probabilities(logits), reference['multi/probabilities']);
    });
  });

  /** Loss and gradient of the whole, and of parts of two and four that know the count of all. */
  function expectLoss(name: string, objective: Objective, logits: string, examples: Examples = ALL): void {
    const slice = ({ indices, mixed }: Examples, from: number, to: number): Examples => ({
      indices: indices.subarray(from, to),
      mixed: mixed && { ...mixed, indices: mixed.indices.subarray(from, to) },
    });
    scope(() => {
      const [whole, parts] = [leaf(logits), leaf(logits)];
      const loss = objective.loss(whole, examples);
      backward(loss);
      expectClose(`${name}: loss`, loss, reference[`${name}/loss`], CLOSE);
      expectClose(`${name}: gradient`, gradOf(whole)!, reference[`${name}/gradient`], CLOSE);
      const count = objective.count(examples);
      const losses = [[0, 2] as const, [2, 6] as const].map(([from, to]) => {
        const part = objective.loss(parts.narrow(0, from, to - from), slice(examples, from, to), count);
        backward(part);
        return part;
      });
      expectClose(`${name}: sum of parts`, losses[0]!.add(losses[1]!), reference[`${name}/loss`], CLOSE);
      expectClose(`${name}: gradient of parts`, gradOf(parts)!, reference[`${name}/gradient`], CLOSE);
    });
  }
  const multi = (loss: MultiLabelLoss) => {
    const [labels, posWeight] = ['labels', 'posWeight'].map((name) => toFloat32Array(reference[`multi/${name}`]!));
    return multiLabel(labels!, posWeight!, 'cpu', loss);
  };
  const partners = Int32Array.from(toFloat32Array(reference['mixed/partners']!.to('float32')));
  const mixed: Examples = { ...ALL, mixed: { indices: partners, share: 0.3 } };

  it.each<[string, MultiLabelLoss]>([
    ['smoothed', { type: 'cross-entropy', posWeight: true, smoothing: 0.1 }],
    ['unweighted', { type: 'cross-entropy', posWeight: false, smoothing: 0 }],
    ['focal', { type: 'focal', gamma: 2, alpha: 0.25 }],
    ['focal-gamma', { type: 'focal', gamma: 1.5, alpha: null }],
    ['asymmetric', { type: 'asymmetric', gammaNegative: 4, gammaPositive: 1, clip: 0.05 }],
    ['asymmetric-plain', { type: 'asymmetric', gammaNegative: 2, gammaPositive: 0, clip: 0 }],
    ['asymmetric-unfocused', { type: 'asymmetric', gammaNegative: 0, gammaPositive: 0, clip: 0.05 }],
  ])('loss %s, whole and in parts', (name, loss) => expectLoss(name, multi(loss), 'losses/logits'));

  it.each<[string, MultiLabelLoss]>([
    ['mixed', { type: 'cross-entropy', posWeight: true, smoothing: 0 }],
    ['mixed-focal', { type: 'focal', gamma: 2, alpha: 0.25 }],
    ['mixed-asymmetric', { type: 'asymmetric', gammaNegative: 4, gammaPositive: 1, clip: 0.05 }],
  ])('loss %s: a pair with an unknown label takes no part', (name, loss) =>
    expectLoss(name, multi(loss), 'losses/logits', mixed),
  );

  it('classes, mixed', () => {
    const classes = toFloat32Array(reference['single/classes']!.to('float32'));
    expectLoss('mixed-single', singleLabel(Int32Array.from(classes), 4, 'cpu'), 'mixed-single/logits', mixed);
  });

  it('one of several classes', () => {
    const classes = toFloat32Array(reference['single/classes']!.to('float32'));
    const objective = singleLabel(Int32Array.from(classes), 4, 'cpu');
    scope(() => {
      const logits = leaf('single/logits');
      const loss = objective.loss(logits, ALL);
      backward(loss);
      expectClose('loss', loss, reference['single/loss']);
      expectClose('gradient', gradOf(logits)!, reference['single/gradient']);
      expectClose('probabilities', objective.probabilities(logits), reference['single/probabilities']);
    });
  });
});

describe('a focused loss', () => {
  it.each<MultiLabelLoss>([
    { type: 'focal', gamma: 0.5, alpha: null },
    { type: 'focal', gamma: 0, alpha: 0.25 },
    { type: 'asymmetric', gammaNegative: 0.5, gammaPositive: 0.5, clip: 0.05 },
  ])('%j is finite, and so is its gradient, where the network is sure, right or wrong', (loss) => {
    const objective = multiLabel(Float32Array.of(1, 0, 1, 0), Float32Array.of(1), 'cpu', loss);
    scope(() => {
      const logits = fromArray([200, -200, -200, 200], [4, 1]).requiresGrad_();
      const value = objective.loss(logits, { indices: Int32Array.of(0, 1, 2, 3) });
      backward(value);
      for (const number of [...toFloat32Array(gradOf(logits)!), value.item()])
        expect(number).toSatisfy(Number.isFinite);
    });
  });
});

describe('an objective', () => {
  it('takes the labels of the images it is given, in their order', () => {
    const objective = multiLabel(Float32Array.of(1, 0, 1, 0), Float32Array.of(1), 'cpu');
    const quality = (indices: number[]) => objective.quality(Float32Array.of(0.9, 0.1), Int32Array.from(indices)).auroc;
    expect(quality([0, 1])).toBe(1);
    expect(quality([3, 2])).toBe(0);
  });

  it('leaves findings of one class, and unknown labels, out of the mean AUROC', () => {
    const labels = Float32Array.of(1, 1, 0, 1, Number.NaN, 1);
    const objective = multiLabel(labels, Float32Array.of(1, 1), 'cpu');
    const probabilities = Float32Array.of(0.9, 0.5, 0.1, 0.5, 0.99, 0.5);
    expect(objective.quality(probabilities, Int32Array.of(0, 1, 2))).toEqual({ auroc: 1 });
    expect(objective.quality(probabilities.subarray(0, 2), Int32Array.of(0))).toEqual({});
  });

  it('gives the accuracy of the largest score', () => {
    const objective = singleLabel(Int32Array.of(2, 0), 3, 'cpu');
    const quality = objective.quality(Float32Array.of(0.1, 0.2, 0.7, 0.3, 0.4, 0.3), Int32Array.of(0, 1));
    expect(quality).toEqual({ accuracy: 0.5 });
  });
});
