import type { Random } from '../base/index.js';
import { attenuation } from './attenuation.js';
import { type Cage, cavity, lungShape } from './cage.js';
import { hilum } from './lungs.js';
import { type Findings, type Side, signOf, type Zone } from './phantom.js';
import type { Part } from './projection.js';
import { capsule, ellipsoid, intersection, type Solid, sphere } from './solids.js';
import { mix, type Vector } from './vector.js';

/** The findings that a phantom can show, in alphabetical order, with the names of ChestX-ray14. */
export const findingNames = ['Cardiomegaly', 'Consolidation', 'Effusion', 'Nodule', 'Pneumothorax'] as const;
export type FindingName = (typeof findingNames)[number];

/** The label: names of what is present, alphabetical; empty where nothing is. */
export function labelsOf(findings: Findings): FindingName[] {
  const present: Record<FindingName, boolean> = {
    Cardiomegaly: findings.cardiothoracicRatio > 0.5,
    Consolidation: findings.consolidation !== undefined,
    Effusion: findings.effusion !== undefined,
    Nodule: findings.nodules.length > 0,
    Pneumothorax: findings.pneumothorax !== undefined,
  };
  return findingNames.filter((name) => present[name]);
}

export interface Pleura {
  /** What fills the cavity, with the inflated lung in it; in order. */
  parts: Part[];
  /** The inflated lung. */
  lung: Solid;
}

/** One pleural cavity: normally all lung; with fluid at the base and its meniscus, or with air around a shrunken lung. */
export function pleura(cage: Cage, side: Side, findings: Findings): Pleura {
  const whole = cavity(cage, side);
  const collapse = findings.pneumothorax?.side === side ? findings.pneumothorax.collapse : 0;
  const fluid = findings.effusion?.side === side ? findings.effusion.heightCm : 0;
  let lung = collapse > 0 ? cavity(cage, side, collapse) : whole;
  const parts: Part[] = [];
  const put = (name: string, solid: Solid, mu: number) => parts.push({ name, solid, attenuation: mu });
  if (collapse > 0) {
    put('pneumothorax', whole, attenuation.air);
    put('pleura', cavity(cage, side, collapse - 0.014), attenuation.muscle);
  }
  if (fluid > 0) {
    const bowl = meniscus(cage, side, fluid);
    if (collapse === 0) put('effusion', whole, attenuation.water);
    else put('effusion', lung, attenuation.water);
    lung = intersection(lung, bowl);
  }
  put('lung', lung, attenuation.lung / ((1 - collapse) * (1 - 0.5 * collapse) * (1 - 0.55 * collapse)));
  return { parts, lung };
}

/** The bowl of lung above the fluid: its wall climbs towards the side of the chest, where capillarity draws the fluid up. */
function meniscus(cage: Cage, side: Side, heightCm: number): Solid {
  const axes: Vector = [12.5, 14, 26];
  const middle = 3 * cage.chestWidth;
  const reach = (lungShape.x + lungShape.halfWidth) * cage.chestWidth + 0.8 - middle;
  const climb = axes[2] * (1 - Math.sqrt(1 - (reach / axes[0]) ** 2));
  const lowest = cage.sulcus[side] + heightCm - climb;
  return ellipsoid([signOf(side) * middle, lungShape.y, lowest + axes[2]], axes);
}

const zoneHeights: Record<Zone, readonly [number, number]> = {
  upper: [0.68, 0.85],
  middle: [0.38, 0.6],
  lower: [0.08, 0.3],
};

/** A point of the lung above the diaphragm; each of `place` runs over one axis from 0 to 1. */
function pointIn(cage: Cage, side: Side, lung: Solid, place: readonly [number, number, number]): Vector {
  const [across, deep, up] = place;
  const top = lungShape.z + lungShape.halfHeight - 2;
  const wanted: Vector = [
    signOf(side) * cage.chestWidth * (5 + 6.2 * across),
    lungShape.y + (deep - 0.5) * 11 * cage.chestDepth,
    cage.dome[side] + 1 + (top - cage.dome[side] - 1) * up,
  ];
  const [x, y, z] = hilum(side);
  const inside: Vector = [x + 2.5 * signOf(side), y, z];
  for (let step = 0; step < 10; step++) {
    const point = mix(wanted, inside, step / 10);
    if (lung.contains(point)) return point;
  }
  return inside;
}

/** The spheres of the nodules; `size` is the body's size, because a nodule's diameter is given in real cm. */
export function nodules(cage: Cage, findings: Findings, lungs: Record<Side, Solid>, size: number): Part[] {
  return findings.nodules.map(({ side, diameterCm, calcified, place }) => ({
    name: 'nodule',
    solid: sphere(pointIn(cage, side, lungs[side], place), diameterCm / 2 / size),
    attenuation: attenuation.muscle + calcified * (attenuation.bone - attenuation.muscle),
  }));
}

/** A cloud of filled acini, dense in its middle and ragged at its edge, with air left in a bronchus if asked for. */
export function consolidation(cage: Cage, findings: Findings, lungs: Record<Side, Solid>, random: Random): Part[] {
  const finding = findings.consolidation;
  if (finding === undefined) return [];
  const { side, zone, radiusCm, density, airBronchogram } = finding;
  const lung = lungs[side];
  const [low, high] = zoneHeights[zone];
  const place = [random.between(0.25, 0.6), random.between(0.25, 0.75), random.between(low, high)] as const;
  const centre = pointIn(cage, side, lung, place);
  const filled = attenuation.lung + density * (attenuation.muscle - attenuation.lung);
  const parts: Part[] = [];
  for (let i = 0; i < 110; i++) {
    const [x, y, z] = [random.normal(), random.normal(), random.normal()].map((n) => n * 0.42 * radiusCm) as [
      number,
      number,
      number,
    ];
    const radius = radiusCm * random.between(0.1, 0.27);
    const point: Vector = [centre[0] + x, centre[1] + y, centre[2] + z];
    if (lung.contains(point)) {
      parts.push({ name: 'consolidation', solid: intersection(lung, sphere(point, radius)), attenuation: filled });
    }
  }
  if (airBronchogram) {
    let from = mix(hilum(side), centre, 0.4);
    for (const along of [0.7, 0.95, 1.15]) {
      const [x, y, z] = mix(hilum(side), centre, along);
      const to: Vector = [x + 0.3 * random.normal(), y, z + 0.4 * random.normal()];
      parts.push({ name: 'bronchogram', solid: capsule(from, to, 0.22), attenuation: attenuation.air });
      from = to;
    }
  }
  return parts;
}
