import { describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { labelsOf } from './findings.js';
import { drawPatient } from './patient.js';
import type { Findings, Phantom } from './phantom.js';
import { placeBeam, project } from './projection.js';
import { projectPhantom, renderPhantom } from './radiograph.js';
import { thorax } from './thorax.js';

const drawn = drawPatient(new Random(11))[0]!;
const healthy: Findings = { cardiothoracicRatio: 0.44, nodules: [] };
const base: Phantom = {
  ...drawn,
  body: { ...drawn.body, sex: 'M', ageYears: 50, size: 1, fatCm: 0 },
  findings: healthy,
  acquisition: {
    ...drawn.acquisition,
    view: 'PA',
    side: 40,
    detectorDistance: 17,
    rotationDegrees: 0,
    tiltDegrees: 0,
    leanDegrees: 0,
    aim: [0, 0, 0],
    inspiration: 0.8,
  },
};
const size = 128;
const withFindings = (findings: Partial<Findings>): Phantom => ({ ...base, findings: { ...healthy, ...findings } });
const inView = (phantom: Phantom, view: 'PA' | 'AP'): Phantom => ({
  ...phantom,
  acquisition: { ...phantom.acquisition, view },
});

/** Widest heart over widest lungs, in columns of their shadows. */
function measuredRatio(phantom: Phantom): number {
  const fine = 256;
  const extent = (name: string) => {
    const parts = thorax(phantom).filter((part) => part.name === name);
    const image = project(parts, placeBeam(phantom.acquisition), fine);
    const columns = Array.from(image.keys())
      .filter((i) => image[i]! > 0)
      .map((i) => i % fine);
    return columns.reduce((a, b) => Math.max(a, b)) - columns.reduce((a, b) => Math.min(a, b)) + 1;
  };
  return extent('heart') / extent('lung');
}

/** Mean difference of two radiographs' line integrals in the left and the right half. */
function change(phantom: Phantom): { left: number; right: number } {
  const [before, after] = [projectPhantom(base, size), projectPhantom(phantom, size)];
  const sums = { left: 0, right: 0 };
  for (const [i, value] of after.entries()) sums[i % size < size / 2 ? 'right' : 'left'] += value - before[i]!;
  return sums;
}

describe('a phantom', () => {
  it('with cardiomegaly has a cardiothoracic ratio above 0.5 on the film, more so in AP; a healthy one has not', () => {
    const large = withFindings({ cardiothoracicRatio: 0.58 });
    expect(measuredRatio(large)).toBeGreaterThan(0.5);
    expect(measuredRatio(base)).toBeLessThan(0.5);
    expect(measuredRatio(inView(large, 'AP'))).toBeGreaterThan(measuredRatio(large) + 0.02);
  });

  it('gains density on the side of an effusion, a nodule, a consolidation, and loses it on that of a pneumothorax', () => {
    const effusion = change(withFindings({ effusion: { side: 'right', heightCm: 14 } }));
    expect(effusion.right).toBeGreaterThan(20);
    expect(Math.abs(effusion.left)).toBeLessThan(1e-3);
    const place = [0.5, 0.5, 0.5] as const;
    const nodule = change(withFindings({ nodules: [{ side: 'left', diameterCm: 3, calcified: 0, place }] }));
    expect(nodule.left).toBeGreaterThan(5);
    expect(Math.abs(nodule.right)).toBeLessThan(1e-3);
    const consolidation = change(
      withFindings({
        consolidation: { side: 'left', zone: 'middle', radiusCm: 4, density: 0.9, airBronchogram: true },
      }),
    );
    expect(consolidation.left).toBeGreaterThan(20);
    const peripheral = withFindings({ pneumothorax: { side: 'left', collapse: 0.3 } });
    const [before, after] = [projectPhantom(base, size), projectPhantom(peripheral, size)];
    const row = 56 * size;
    const edge = Array.from({ length: 7 }, (_, k) => row + size / 2 + 33 + k);
    const mean = (image: Float32Array) => edge.reduce((sum, i) => sum + image[i]!, 0) / edge.length;
    expect(mean(after)).toBeLessThan(mean(before) - 0.2);
  });

  it('has lungs less dense than the mediastinum and the abdomen, and black air beside the neck', () => {
    const image = renderPhantom(base, size);
    const at = (x: number, z: number) =>
      image[Math.round((0.5 - z / 40) * size) * size + Math.round((0.5 + x / 40) * size)]!;
    expect(at(-7, 3)).toBeLessThan(at(0, 3) - 40);
    expect(at(-7, 3)).toBeLessThan(at(-7, -16) - 40);
    expect(at(-14, 18)).toBeLessThan(at(-7, 3));
  });

  it('is drawn the same again, and differently with another seed', () => {
    expect(renderPhantom(base, 48)).toEqual(renderPhantom(base, 48));
    expect(renderPhantom({ ...base, seed: base.seed ^ 1 }, 48)).not.toEqual(renderPhantom(base, 48));
    expect(drawPatient(new Random(4), { images: 3 })).toEqual(drawPatient(new Random(4), { images: 3 }));
  });
});

describe('drawPatient', () => {
  const rate = (confounding: number, view: 'PA' | 'AP') => {
    const random = new Random(2);
    const phantoms = Array.from({ length: 2500 }, () => drawPatient(random, { confounding })[0]!);
    const seen = phantoms.filter((phantom) => phantom.acquisition.view === view);
    return seen.filter((phantom) => labelsOf(phantom.findings).length > 0).length / seen.length;
  };

  it('ties findings to the view only as far as asked', () => {
    expect(Math.abs(rate(0, 'AP') - rate(0, 'PA'))).toBeLessThan(0.05);
    expect(rate(1, 'AP')).toBeGreaterThan(rate(1, 'PA') + 0.08);
  });

  it('keeps the body, lets age only grow, and draws each finding often enough', () => {
    const random = new Random(8);
    const counts: Record<string, number> = {};
    for (let i = 0; i < 600; i++) {
      const phantoms = drawPatient(random, { images: 2 });
      const [first, second] = [phantoms[0]!, phantoms[1]!];
      expect({ ...second.body, ageYears: 0 }).toEqual({ ...first.body, ageYears: 0 });
      expect(second.body.ageYears).toBeGreaterThanOrEqual(first.body.ageYears);
      for (const name of labelsOf(first.findings)) counts[name] = (counts[name] ?? 0) + 1;
    }
    expect(Object.keys(counts).sort()).toEqual(['Cardiomegaly', 'Consolidation', 'Effusion', 'Nodule', 'Pneumothorax']);
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(60);
  });
});
