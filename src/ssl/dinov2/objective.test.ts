import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entriesOf } from '../../../test/original.js';
import { expectClose } from '../../../test/reference.js';
import {
  backward,
  eye,
  full,
  gradOf,
  liveTensors,
  manualSeed,
  randn,
  readSafetensors,
  scope,
  setThreads,
  type Tensor,
  toFloat32Array,
  zeros,
} from '../../torch/index.js';
import { Centering } from './centering.js';
import { DinoHead } from './dino-head.js';
import { type GramLossOptions, gramLoss } from './gram-loss.js';
import { koleoLoss } from './koleo-loss.js';
import { PrototypeLoss } from './prototype-loss.js';
import { sinkhornKnopp_ } from './sinkhorn-knopp.js';

setThreads(1);
const { tensors: reference } = readSafetensors(join(import.meta.dirname, 'fixtures', 'objective.safetensors'));
const TOLERANCE = 1e-5;

/** Holds a loss of `reference[prefix/input]` and its gradient to the original's. */
function expectLoss(prefix: string, input: string, loss: (input: Tensor) => Tensor): void {
  scope(() => {
    const leaf = reference[`${prefix}/${input}`]!.clone().requiresGrad_();
    const value = loss(leaf);
    backward(value);
    expectClose(`${prefix} loss`, value, reference[`${prefix}/loss`], TOLERANCE);
    expectClose(`${prefix} gradient`, gradOf(leaf)!, reference[`${prefix}/d${input}`], TOLERANCE);
  });
}

describe.each([1, 2, 3, 4])('the head with %d layers before the prototypes, as in DINOv2', (layers) => {
  const prefix = `head/${layers}`;
  const head = new DinoHead(12, { prototypes: 20, hidden: 16, bottleneck: 8, layers });

  it('has its names, scores and gradients', () => {
    head.loadStateDict(entriesOf(reference, `${prefix}/weights`), 'the original');
    scope(() => {
      const x = reference[`${prefix}/x`]!.clone().requiresGrad_();
      const y = head.forward(x);
      y.backwardFrom([], reference[`${prefix}/upstream`]);
      expectClose('scores', y, reference[`${prefix}/y`], TOLERANCE);
      expectClose('dx', gradOf(x)!, reference[`${prefix}/dx`], TOLERANCE);
      for (const [name, parameter] of head.namedParameters()) {
        expectClose(name, gradOf(parameter)!, reference[`${prefix}/gradients/${name}`], TOLERANCE);
      }
    });
  });

  it('starts with unit prototypes and no biases, and leaves no tensor behind', () => {
    const before = liveTensors();
    const fresh = new DinoHead(12, { prototypes: 20, hidden: 16, bottleneck: 8, layers });
    scope(() => {
      const lengths = toFloat32Array(fresh.last_layer.weight_g);
      expect(lengths.every((length) => length === 1)).toBe(true);
      for (const [name, parameter] of fresh.namedParameters()) {
        const values = toFloat32Array(parameter);
        expect(Math.max(...values.map(Math.abs)) > 0, name).toBe(!name.endsWith('bias'));
      }
    });
    fresh.free();
    expect(liveTensors()).toBe(before);
  });
});

describe('targets of the teacher, as in DINOv2', () => {
  it.each([0.9, 0.5])('centering over three batches, momentum %d', (momentum) => {
    scope(() => {
      const centering = new Centering(20, momentum);
      for (const batch of [0, 1, 2]) {
        const prefix = `dino/centering/${momentum}/${batch}`;
        const targets = centering.targets(reference[`${prefix}/scores`]!, 0.3);
        expectClose(prefix, targets, reference[`${prefix}/targets`], TOLERANCE);
      }
      expectClose('center', centering.center, reference[`dino/centering/${momentum}/center`], TOLERANCE);
      centering.free();
    });
  });

  it('centering of masked patches, as many as there are', () => {
    scope(() => {
      const centering = new Centering(20, 0.9);
      for (const batch of [0, 1]) {
        const targets = centering.targets(reference[`ibot/centering/${batch}/scores`]!, 0.3);
        expectClose(`batch ${batch}`, targets, reference[`ibot/centering/${batch}/targets`], TOLERANCE);
      }
      expectClose('center', centering.center, reference['ibot/centering/center'], TOLERANCE);
      centering.free();
    });
  });

  it.each([
    ['dino/sinkhorn/0.04', 0.04],
    ['dino/sinkhorn/0.3', 0.3],
    ['ibot/sinkhorn', 0.2],
  ])('Sinkhorn-Knopp: %s', (prefix, temperature) => {
    scope(() => {
      const targets = sinkhornKnopp_(reference[`${prefix}/scores`]!.clone(), temperature);
      expectClose(prefix, targets, reference[`${prefix}/targets`], TOLERANCE);
    });
  });

  it('Sinkhorn-Knopp stays finite where exp of the scores does not', () => {
    manualSeed(1);
    scope(() => {
      const targets = toFloat32Array(sinkhornKnopp_(randn([6, 8]).clamp(-1, 1).add(1), 0.02));
      expect(targets.every(Number.isFinite)).toBe(true);
      for (let row = 0; row < 6; row++) {
        const sum = targets.subarray(8 * row, 8 * row + 8).reduce((total, value) => total + value, 0);
        expect(sum).toBeCloseTo(1, 5);
      }
    });
  });
});

describe('losses and their gradients, as in DINOv2', () => {
  /** Scores are those of prototypes that are unit vectors themselves. */
  function expectPrototypeLoss(
    prefix: string,
    rows: readonly [scores: Tensor, gradient: Tensor],
    targets: Tensor,
    weights: Tensor,
    temperature: number,
  ): void {
    const prototypes = eye(rows[0].size(1));
    const loss = new PrototypeLoss(prototypes);
    for (const scale of [1, 0.5]) {
      loss.begin();
      const found = loss.add(rows[0], targets, weights, { scale, temperature });
      expectClose(`${prefix} loss`, full([], found.loss, 'float32'), reference[`${prefix}/loss`], TOLERANCE);
      expectClose(`${prefix} gradient`, found.gradient, rows[1].mul(scale), TOLERANCE);
      const byPrototypes = rows[1].mul(scale).transpose(0, 1).matmul(rows[0]);
      expectClose(`${prefix} gradient by the prototypes`, loss.gradient, byPrototypes, TOLERANCE);
    }
    loss.free();
  }

  it.each([0.1, 0.5])('class tokens, temperature %d', (temperature) => {
    const prefix = `dino/loss/${temperature}`;
    scope(() => {
      const rows = (name: string) => reference[`${prefix}/${name}`]!.reshape([12, 20]);
      const targets = reference[`${prefix}/teachers`]!.sum([0]).repeat([3, 1]); // of each student's crop the same
      const weights = full([12], 1 / 4, 'float32');
      expectPrototypeLoss(prefix, [rows('students'), rows('dstudents')], targets, weights, temperature);
    });
  });

  it('masked patches, of which some images have none', () => {
    scope(() => {
      const masked = reference['ibot/loss/masks']!.sum([1]).to('float32'); // per image
      const counts = [...toFloat32Array(masked)];
      const weights = zeros([7]);
      let start = 0;
      for (const count of counts) {
        if (count > 0) weights.narrow(0, start, count).fill_(1 / (3 * count));
        start += count;
      }
      const rows = (name: string) => reference[`ibot/loss/${name}`]!.narrow(0, 0, 7);
      const targets = reference['ibot/loss/teachers']!;
      expectPrototypeLoss('ibot/loss', [rows('students'), rows('dstudents')], targets, weights, 0.1);
    });
  });

  it.each(['usual', 'near'])('KoLeo, %s features', (name) => {
    expectLoss(`koleo/${name}`, 'features', koleoLoss);
  });

  it('KoLeo stays finite for one image, and for equal ones', () => {
    scope(() => {
      for (const features of [randn([1, 4]), zeros([3, 4]).add(1)]) {
        const leaf = features.requiresGrad_();
        const loss = koleoLoss(leaf);
        backward(loss);
        expect([loss.item(), ...toFloat32Array(gradOf(leaf)!)].every(Number.isFinite)).toBe(true);
      }
    });
  });

  const gram: [string, GramLossOptions][] = [
    ['image', { level: 'image', normalize: true, clip: 'none' }],
    ['batch', { level: 'batch', normalize: true, clip: 'none' }],
    ['clipped', { level: 'image', normalize: true, clip: 'both' }],
    ['teacherClipped', { level: 'image', normalize: true, clip: 'teacher' }],
    ['raw', { level: 'image', normalize: false, clip: 'none' }],
  ];
  it.each(gram)('Gram anchoring as in DINOv3: %s', (name, options) => {
    const teacher = reference[`gram/${name}/teacher`]!;
    expectLoss(`gram/${name}`, 'student', (student) => gramLoss(student, teacher, options));
  });
});
