import type { Random } from '../base/index.js';
import { attenuation } from './attenuation.js';
import { type Side, signOf } from './phantom.js';
import type { Part } from './projection.js';
import { capsule, type Solid } from './solids.js';
import { add, normalize, scale, type Vector } from './vector.js';

/** Where the vessels and bronchi of one lung enter it. */
export function hilum(side: Side): Vector {
  return side === 'left' ? [3.1, 0.3, 0.6] : [-3.1, 0.3, -0.6];
}

/** Directions of the first branches, for the left side: two up, two to the middle, three down. */
const firstBranches: readonly (readonly [direction: Vector, radius: number])[] = [
  [[0.45, -0.3, 1], 0.5],
  [[0.8, 0.5, 0.9], 0.5],
  [[1, -0.6, 0.1], 0.5],
  [[1, 0.5, -0.2], 0.55],
  [[0.75, -0.5, -0.8], 0.58],
  [[0.55, 0.4, -1], 0.65],
  [[0.9, 0.1, -0.8], 0.55],
];

/**
 * The pulmonary vessels of one lung: a random tree of tapering branches from the hilum. At each fork the radius falls by
 * about 2^(-1/3), so that the cubes of the radii are kept (Murray, 1926); branches end before they leave `lung`.
 */
export function vessels(side: Side, lung: Solid, random: Random): Part[] {
  const parts: Part[] = [];
  const grow = (from: Vector, direction: Vector, radius: number): void => {
    let length = random.between(5.5, 8) * radius ** 0.45 * 0.62;
    let to = add(from, scale(direction, length));
    if (!lung.contains(to)) {
      length /= 2;
      to = add(from, scale(direction, length));
      if (!lung.contains(to)) return;
    }
    parts.push({ name: 'vessel', solid: capsule(from, to, radius), attenuation: attenuation.blood });
    if (radius < 0.17) return;
    for (const sign of [-1, 1]) {
      const spread = sign * random.between(0.2, 0.55);
      const bent = normalize([
        direction[0] + spread * direction[2] + 0.25 * random.normal(),
        direction[1] + 0.3 * random.normal(),
        direction[2] - spread * direction[0] + 0.25 * random.normal(),
      ]);
      grow(to, bent, radius * random.between(0.74, 0.86));
    }
  };
  const root = hilum(side);
  for (const [[x, y, z], radius] of firstBranches) {
    const direction = normalize([
      signOf(side) * (x + 0.15 * random.normal()),
      y + 0.2 * random.normal(),
      z + 0.15 * random.normal(),
    ]);
    const start = add(root, [0, 0.5 * random.normal(), 1.2 * direction[2]]);
    const knee = add(start, scale(direction, 1.2));
    parts.push({ name: 'hilum', solid: capsule(start, knee, radius * 1.7), attenuation: attenuation.blood });
    grow(knee, direction, radius);
  }
  return parts;
}
