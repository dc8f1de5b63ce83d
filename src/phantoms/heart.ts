import { attenuation } from './attenuation.js';
import { type Cage, thoracicWidth } from './cage.js';
import type { Body } from './phantom.js';
import type { Part } from './projection.js';
import { tube } from './skeleton.js';
import { capsule, ellipsoid, type Solid, sphere, superellipsoid } from './solids.js';
import { rotation } from './vector.js';

/** Angle of the heart's long axis with the horizontal, seen from the front, degrees. */
const axisDegrees = 36;
const longAxis = 7;
const shortAxis = 4.9;

/** The heart: an ellipsoid that points down to the left, as wide as `ratio` says, a third of it right of the midline. */
export function heart(cage: Cage, ratio: number): Part {
  const angle = (axisDegrees * Math.PI) / 180;
  const halfWidth = Math.hypot(longAxis * Math.cos(angle), shortAxis * Math.sin(angle));
  const halfHeight = Math.hypot(longAxis * Math.sin(angle), shortAxis * Math.cos(angle));
  const wanted = (ratio * thoracicWidth(cage)) / 2;
  const factor = wanted / halfWidth;
  const solid = ellipsoid(
    [0.34 * wanted, -2.6, cage.dome.left - 1.2 + halfHeight * factor * 0.82],
    [longAxis * factor, Math.min(shortAxis * factor, 5.8), shortAxis * factor],
    rotation(0, axisDegrees, 0),
  );
  return { name: 'heart', solid, attenuation: attenuation.blood };
}

/** Mediastinum, aorta (wider and longer with age), pulmonary trunk, superior vena cava; then the airways in them. */
export function mediastinum(body: Body, cage: Cage): Part[] {
  const aged = Math.max(body.ageYears - 30, 0) / 50;
  const arch = 1.6 + 0.45 * aged;
  const part = (name: string, solid: Solid, mu: number): Part => ({ name, solid, attenuation: mu });
  const aorta = tube(
    [
      [1.4, 3, 5.4],
      [2, 4.4, 2],
      [1.8, 5, -8],
      [0.8, 5, -20],
    ],
    1.1 + 0.3 * aged,
  );
  return [
    part('mediastinum', superellipsoid([0, 0.2, -5], [2.9, 8.2 * cage.chestDepth, 19], [2, 2, 4]), attenuation.torso),
    part('cava', capsule([-2, -1.5, 9], [-2.3, -1.5, -4], 1.05), attenuation.blood),
    part('aorta', sphere([2 + 0.4 * aged, 0.6, 5 + 0.6 * aged], arch), attenuation.blood),
    ...aorta.map((solid) => part('aorta', solid, attenuation.blood)),
    part('trunk', ellipsoid([2.6, -2, 1.4], [1.8, 1.8, 2.3]), attenuation.blood),
  ];
}

/** Windpipe and main bronchi. */
export function airways(): Part[] {
  return [
    ...tube(
      [
        [0.1, -1.5, 22],
        [0, 0.5, 12],
        [-0.3, 1.5, 3],
      ],
      0.85,
    ),
    ...tube(
      [
        [-0.3, 1.5, 3],
        [-3, 1, 0.3],
      ],
      0.6,
    ),
    ...tube(
      [
        [-0.3, 1.5, 3],
        [3.6, 1, 0.6],
      ],
      0.52,
    ),
  ].map((solid) => ({ name: 'airway', solid, attenuation: attenuation.air }));
}
