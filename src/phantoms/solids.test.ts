import { describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { above, capsule, cylinder, ellipsoid, intersection, type Solid, sphere, superellipsoid } from './solids.js';
import { rotation, type Vector } from './vector.js';

const turn = rotation(20, -35, 50);
const solids: Record<string, Solid> = {
  sphere: sphere([1, 2, -1], 3),
  ellipsoid: ellipsoid([1, 0, 2], [4, 2, 3], turn),
  superellipsoid: superellipsoid([0, 1, 0], [4, 3, 2], [3, 4, 2], turn),
  cylinder: cylinder([1, -1, 0], [3, 2, 2.5]),
  capsule: capsule([-2, -1, -2], [3, 1, 2], 1.2),
  'capsule along the beam': capsule([0, -3, 0], [0, 3, 0], 1.2),
  'cut ellipsoid': intersection(ellipsoid([1, 0, 2], [4, 2, 3], turn), above(1.5)),
  lens: intersection(sphere([-1, 0, 0], 3), sphere([1, 0, 0], 3)),
};

describe.each(Object.entries(solids))('%s', (_, solid) => {
  it('meets rays exactly where its points are', () => {
    const random = new Random(3);
    const source: Vector = [5, -60, 8];
    const cast = solid.from(source);
    let hits = 0;
    let wrong = 0;
    for (let i = 0; i < 400; i++) {
      const target: Vector = [random.between(-6, 6), random.between(-3, 3), random.between(-6, 6)];
      const ray = Float64Array.of(target[0] - source[0], target[1] - source[1], target[2] - source[2], 0, 0);
      const hit = cast(ray);
      if (hit) hits++;
      for (let t = 0.8; t < 1.2; t += 0.002) {
        const point: Vector = [source[0] + t * ray[0]!, source[1] + t * ray[1]!, source[2] + t * ray[2]!];
        const near = hit && Math.min(Math.abs(t - ray[3]!), Math.abs(t - ray[4]!)) < 1e-6;
        const inside = solid.contains(point);
        if (!near && inside !== (hit && t > ray[3]! && t < ray[4]!)) wrong++;
        const inBox = point.every((value, k) => value >= solid.min[k]! && value <= solid.max[k]!);
        if (inside && !inBox) wrong++;
      }
    }
    expect(wrong).toBe(0);
    expect(hits).toBeGreaterThan(20);
    expect(hits).toBeLessThan(400);
  });
});
