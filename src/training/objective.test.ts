import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectClose, references } from '../../test/reference.js';
import { backward, gradOf, scope, setThreads, type Tensor, toFloat32Array } from '../torch/index.js';
import { multiLabel, singleLabel } from './objective.js';

setThreads(1);
const SOURCES = references(join(import.meta.dirname, 'fixtures'), 'objective');
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
