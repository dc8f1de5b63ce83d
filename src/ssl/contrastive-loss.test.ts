import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectClose, references } from '../../test/reference.js';
import { backward, gradOf, ones, randn, scope, setThreads, zeros } from '../torch/index.js';
import { contrastiveLoss, embeddingSpread } from './contrastive-loss.js';

setThreads(1);
const SOURCES = references(join(import.meta.dirname, 'fixtures'), 'contrastive_loss');

it('has the reference of Python, stored', () => {
  expect(SOURCES.map(({ source }) => source)).toContain('stored');
});

describe.each(SOURCES)('the numbers of PyTorch ($source)', ({ tensors: reference }) => {
  it.each([0.2, 1])('NT-Xent and its gradients at temperature %d', (temperature) => {
    scope(() => {
      const name = temperature.toFixed(1);
      const [first, second] = ['first', 'second'].map((view) => reference[view]!.clone().requiresGrad_());
      const loss = contrastiveLoss(first!, second!, temperature);
      backward(loss);
      expectClose('loss', loss, reference[`${name}/loss`]);
      expectClose('first', gradOf(first!)!, reference[`${name}/first`]);
      expectClose('second', gradOf(second!)!, reference[`${name}/second`]);
    });
  });

  it('the spread of embeddings', () => {
    expect(embeddingSpread(reference.first!)).toBeCloseTo(reference.spread!.item(), 6);
  });
});

describe('the spread', () => {
  it('is near 1 for embeddings uniform on the sphere, and 0 where all are alike', () => {
    scope(() => {
      expect(embeddingSpread(randn([2000, 16]))).toBeCloseTo(1, 1);
      expect(embeddingSpread(ones([8, 16]))).toBe(0);
    });
  });
});

it('stays finite for an embedding of zeros', () => {
  scope(() => expect(Number.isFinite(contrastiveLoss(zeros([2, 4]), ones([2, 4]), 0.2).item())).toBe(true));
});
