import type { Body, Side } from './phantom.js';
import { signOf } from './phantom.js';
import { above, intersection, type Solid, superellipsoid } from './solids.js';
import { rotation, type Vector } from './vector.js';

/** The inner shape of the rib cage of a reference adult with one body's proportions; cm, origin between the hila. */
export interface Cage {
  chestWidth: number;
  chestDepth: number;
  /** Top of the dome of the diaphragm and the lowest point of the lung, per side. */
  dome: Record<Side, number>;
  sulcus: Record<Side, number>;
}

export const lungShape = { x: 6.3, y: 0.6, z: -3.5, halfWidth: 7, halfDepth: 8.6, halfHeight: 16.3, leanDegrees: 7 };

/** The right dome stands about 1.5 cm higher than the left; a full breath lowers both by 4 cm. */
export function cageOf(body: Body, inspiration: number): Cage {
  const right = -5.8 - 4.2 * inspiration;
  const left = right - 1.4;
  return {
    chestWidth: body.chestWidth,
    chestDepth: body.chestDepth,
    dome: { right, left },
    sulcus: { right: right - 4.8, left: left - 4.4 },
  };
}

/** The pleural cavity of one side. `collapse` shrinks it towards the hilum and the diaphragm, as air around the lung does. */
export function cavity(cage: Cage, side: Side, collapse = 0): Solid {
  const sign = signOf(side);
  const { x, y, z, halfWidth, halfDepth, halfHeight, leanDegrees } = lungShape;
  const width = halfWidth * cage.chestWidth;
  const lost = width * collapse;
  const centre: Vector = [sign * (x * cage.chestWidth - lost), y, z];
  const axes: Vector = [
    width - lost,
    halfDepth * cage.chestDepth * (1 - 0.5 * collapse),
    halfHeight * (1 - 0.55 * collapse),
  ];
  const shape = superellipsoid(centre, axes, [3, 3, 2], rotation(0, -sign * leanDegrees, 0));
  return intersection(shape, above(cage.sulcus[side]));
}

/** Inner half-width of the rib cage at height `z`, cm. */
export function halfWidthAt(cage: Cage, z: number): number {
  const { x, halfWidth, leanDegrees } = lungShape;
  const lean = Math.tan((leanDegrees * Math.PI) / 180) * (Math.max(z, -16) - lungShape.z);
  return cage.chestWidth * (x + halfWidth * profile(z)) - lean;
}

/** Inner half-depth of the rib cage at height `z`, cm. */
export function halfDepthAt(cage: Cage, z: number): number {
  return cage.chestDepth * lungShape.halfDepth * profile(z);
}

/** The share of the full cross-section at height `z`: the lung's own outline, closed towards the apex. */
function profile(z: number): number {
  const rise = Math.min(Math.max((z - lungShape.z) / lungShape.halfHeight, 0), 0.97);
  return (1 - rise * rise) ** (1 / 3);
}

/** The widest inner width of the rib cage above the diaphragm, cm: the lower half of the cardiothoracic ratio. */
export function thoracicWidth(cage: Cage): number {
  return 2 * halfWidthAt(cage, cage.dome.left);
}
