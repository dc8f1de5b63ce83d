import type { Random } from '../base/index.js';
import { attenuation } from './attenuation.js';
import { type Cage, halfDepthAt, halfWidthAt, lungShape } from './cage.js';
import type { Body } from './phantom.js';
import type { Part } from './projection.js';
import { capsule, cylinder, ellipsoid, type Solid, sphere } from './solids.js';
import { mix, rotation, type Vector } from './vector.js';

const vertebraPitch = 2.35;
const firstThoracic = 12.6;

/** A tube along a line of points: a chain of capsules, radius in cm. */
export function tube(points: readonly Vector[], radius: number): Solid[] {
  return points.slice(1).map((point, i) => capsule(points[i]!, point, radius));
}

/** Spine, ribs, clavicles, shoulder blades, upper arms: shells of cortical bone, then their marrow. Bones thin with age. */
export function skeleton(body: Body, cage: Cage, armsForward: number, random: Random): Part[] {
  const aged = 1 - 0.004 * Math.max(body.ageYears - 40, 0);
  const shells: Part[] = [];
  const marrow: Part[] = [];
  const bone = (name: string, points: readonly Vector[], radius: number, cortex: number): void => {
    for (const solid of tube(points, radius)) shells.push({ name, solid, attenuation: attenuation.bone * aged });
    for (const solid of tube(points, radius - cortex))
      marrow.push({ name, solid, attenuation: attenuation.marrow * aged });
  };
  for (const sign of [-1, 1] as const) {
    for (let number = 1; number <= 11; number++) bone('rib', rib(cage, sign, number, random), 0.5, 0.09);
    bone('clavicle', clavicle(cage, sign), 0.62, 0.16);
    const shoulder: Vector = [sign * 16.2 * cage.chestWidth, 1.5 - 2 * armsForward, 9.2];
    const elbow: Vector = [sign * (21 + 2.5 * armsForward), 1 - 4 * armsForward, -14];
    bone('humerus', [shoulder, elbow], 1.15, 0.35);
    marrow.push({ name: 'humerus', solid: sphere(shoulder, 2.3), attenuation: attenuation.vertebra * aged });
    shells.push(...scapula(cage, sign, armsForward, aged));
  }
  return [...spine(aged), ...shells, ...marrow];
}

/** Vertebral bodies with discs between them (gaps), pedicles and spinous processes. */
function spine(aged: number): Part[] {
  const parts: Part[] = [];
  for (let i = -4; i <= 14; i++) {
    const z = firstThoracic - vertebraPitch * i;
    const width = i < 0 ? 1.35 : 1.55 + 0.03 * i;
    const add = (solid: Solid, mu: number) => parts.push({ name: 'spine', solid, attenuation: mu * aged });
    add(cylinder([0, 5.8, z], [width, 1.4, 0.9]), attenuation.vertebra);
    for (const end of [-0.85, 0.85]) add(cylinder([0, 5.8, z + end], [width, 1.4, 0.08]), attenuation.bone * 0.8);
    for (const sign of [-1, 1]) {
      add(capsule([sign * 1.2, 7, z + 0.3], [sign * 1.3, 8, z + 0.3], 0.4), attenuation.vertebra);
      add(capsule([sign * 1.3, 8, z + 0.3], [sign * 2.7, 8.9, z + 0.5], 0.42), attenuation.marrow);
    }
    add(capsule([0, 8.2, z - 0.4], [0, 10, z - 1.6], 0.35), attenuation.vertebra);
  }
  return parts;
}

/** One rib: from its vertebra backwards and outwards, around the side and down, to where its cartilage begins. */
function rib(cage: Cage, sign: 1 | -1, number: number, random: Random): Vector[] {
  const start = firstThoracic - vertebraPitch * (number - 1) + 0.4 + 0.15 * random.normal();
  const drop = (number === 1 ? 4 : number === 2 ? 6 : 10) * random.between(0.94, 1.06);
  const last = number <= 7 ? 142 : 142 - 14 * (number - 7);
  const points: Vector[] = [[sign * 1.9, 6.9, start]];
  const steps = 11;
  for (let i = 0; i <= steps; i++) {
    const along = i / steps;
    const angle = ((14 + (last - 14) * along) * Math.PI) / 180;
    const z = start - drop * (0.3 * along + 0.7 * along * along) * (last / 142);
    const height = number === 1 ? start - 0.6 : z;
    const x = (halfWidthAt(cage, height) + 0.45) * Math.sin(angle) ** 0.8;
    const y = lungShape.y + (halfDepthAt(cage, height) + 0.6) * Math.cos(angle);
    points.push([sign * x, y, z]);
  }
  return points;
}

/** The S of the collar bone, from the sternum to the shoulder. */
function clavicle(cage: Cage, sign: 1 | -1): Vector[] {
  const inner: Vector = [sign * 1.6, -6.5, 9];
  const outer: Vector = [sign * 15.2 * cage.chestWidth, -0.5, 11.6];
  return Array.from({ length: 9 }, (_, i) => {
    const along = i / 8;
    const [x, y, z] = mix(inner, outer, along);
    return [x, y - 1.6 * Math.sin(2 * Math.PI * along), z + 0.5 * Math.sin(2 * Math.PI * along)];
  });
}

/** The blade, its outer border and its spine; arms brought forward pull it off the lung. */
function scapula(cage: Cage, sign: 1 | -1, armsForward: number, aged: number): Part[] {
  const out = cage.chestWidth * (11.8 + 2.4 * armsForward);
  const part = (solid: Solid, mu: number): Part => ({ name: 'scapula', solid, attenuation: mu * aged });
  const tip: Vector = [sign * (out - 1.2), 8.6, -4];
  const socket: Vector = [sign * (out + 2), 4, 8];
  const upper: Vector = [sign * (out - 4), 8.4, 8];
  return [
    part(
      ellipsoid([sign * (out - 0.4), 7.6, 3], [3.6, 0.25, 7], rotation(0, -sign * 8, -sign * 30)),
      attenuation.marrow,
    ),
    ...tube([tip, socket], 0.45).map((solid) => part(solid, attenuation.bone)),
    ...tube([upper, socket], 0.4).map((solid) => part(solid, attenuation.bone)),
    part(sphere(socket, 1.3), attenuation.vertebra),
  ];
}
