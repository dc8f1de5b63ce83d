import { Random } from '../base/index.js';
import { attenuation } from './attenuation.js';
import { type Cage, cageOf } from './cage.js';
import { consolidation, nodules, pleura } from './findings.js';
import { airways, heart, mediastinum } from './heart.js';
import { vessels } from './lungs.js';
import { type Phantom, type Side, signOf } from './phantom.js';
import type { Part } from './projection.js';
import { skeleton } from './skeleton.js';
import { capsule, ellipsoid, superellipsoid } from './solids.js';

const sides: readonly Side[] = ['right', 'left'];

/**
 * The parts of a chest in the order in which they replace each other: body, pleural cavities with their contents, lung
 * findings and vessels, mediastinum and heart, diaphragm, airways, bones. Lengths are those of the reference adult; the
 * body's size enters through the beam.
 */
export function thorax({ body, findings, acquisition, seed }: Phantom): Part[] {
  const cage = cageOf(body, acquisition.inspiration);
  const armsForward = acquisition.view === 'PA' ? 1 : 0;
  const pleurae = { right: pleura(cage, 'right', findings), left: pleura(cage, 'left', findings) };
  const lungs = { right: pleurae.right.lung, left: pleurae.left.lung };
  return [
    ...outline(body, cage, armsForward),
    ...sides.flatMap((side) => pleurae[side].parts),
    ...sides.flatMap((side) => vessels(side, lungs[side], Random.of(body.anatomySeed, 'vessels', side))),
    ...consolidation(cage, findings, lungs, Random.of(seed, 'consolidation')),
    ...nodules(cage, findings, lungs, body.size),
    ...mediastinum(body, cage),
    heart(cage, findings.cardiothoracicRatio),
    ...abdomen(cage, Random.of(seed, 'stomach')),
    ...airways(),
    ...skeleton(body, cage, armsForward, Random.of(body.anatomySeed, 'bones')),
  ];
}

/** Skin surface: trunk, neck, slopes of the shoulders, arms, breasts. */
function outline(body: Phantom['body'], cage: Cage, armsForward: number): Part[] {
  const { chestWidth, chestDepth } = cage;
  const fat = body.fatCm;
  const width = 15.9 * chestWidth + 0.8 * fat;
  const depth = 10.9 * chestDepth + 0.6 * fat;
  const solids = [
    superellipsoid([0, 0.8, -14], [width, depth, 27.5], [3, 3, 4]),
    capsule([0, 1.5, 10], [0, 0.5, 34], 5.6 + 0.3 * fat),
  ];
  const breasts = [];
  for (const side of sides) {
    const sign = signOf(side);
    const shoulder = 15.8 * chestWidth + 0.4 * fat;
    solids.push(
      capsule([sign * 3, 2.5, 13.5], [sign * shoulder, 2 - 2 * armsForward, 9.4], 3.4 + 0.3 * fat),
      capsule([sign * 4, 1.5, 6], [sign * shoulder, 1.5, 7.5], 5 + 0.3 * fat),
      capsule(
        [sign * shoulder, 1.5 - 2 * armsForward, 8.8],
        [sign * (21.4 + 2.5 * armsForward + 0.8 * fat), 1 - 4 * armsForward, -26],
        4 + 0.3 * fat,
      ),
    );
    if (body.sex === 'F') {
      const full = 1 + 0.1 * fat;
      breasts.push(
        ellipsoid([sign * 8 * chestWidth, -depth + 1.6, -6 - 1.2 * full], [5.6 * full, 3.4 * full, 5 * full]),
      );
    }
  }
  return [
    ...breasts.map((solid) => ({ name: 'breast', solid, attenuation: attenuation.adipose })),
    ...solids.map((solid) => ({ name: 'body', solid, attenuation: attenuation.torso })),
  ];
}

/** The domes of the diaphragm with liver and spleen below them, and the gas in the stomach and the bowel under the left one. */
function abdomen(cage: Cage, random: Random): Part[] {
  const parts: Part[] = sides.map((side) => {
    const height = cage.dome[side] - cage.sulcus[side] + 0.3;
    return {
      name: 'diaphragm',
      solid: ellipsoid(
        [signOf(side) * 6.7 * cage.chestWidth, 0.4, cage.dome[side] - height],
        [7.7 * cage.chestWidth, 9.3 * cage.chestDepth, height],
      ),
      attenuation: attenuation.muscle,
    };
  });
  const gas = random.between(0, 1.6);
  if (gas > 0.4) {
    const z = cage.dome.left - 0.9 - gas;
    parts.push({
      name: 'stomach',
      solid: ellipsoid([random.between(4.5, 8), -2, z], [1.5 + gas, 1.6 + gas, gas]),
      attenuation: attenuation.air,
    });
  }
  return parts;
}
