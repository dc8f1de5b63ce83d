import { describe, expect, it } from 'vitest';
import { type BeamSettings, placeBeam, project, shrinkBeam } from './projection.js';
import { sphere } from './solids.js';
import { add, dot, scale, subtract } from './vector.js';

const settings: BeamSettings = {
  view: 'PA',
  detectorDistance: 15,
  side: 30,
  rotationDegrees: 5,
  tiltDegrees: -3,
  leanDegrees: 2,
  aim: [0, 0, 0],
};
const size = 61;

describe('project', () => {
  it('gives 2 sqrt(r^2 - d^2) mu through a sphere, for every pixel', () => {
    const radius = 6;
    const mu = 0.2;
    const beam = placeBeam(settings);
    const image = project([{ name: 'sphere', solid: sphere([0, 0, 0], radius), attenuation: mu }], beam, size);
    let hits = 0;
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        const shift = (i: number) => ((i + 0.5) / size - 0.5) * beam.side;
        const pixel = add(beam.detector, add(scale(beam.right, shift(column)), scale(beam.down, shift(row))));
        const ray = subtract(pixel, beam.source);
        const along = dot(scale(beam.source, -1), ray) / dot(ray, ray);
        const distance = Math.hypot(...add(beam.source, scale(ray, along)));
        const expected = distance < radius ? 2 * Math.sqrt(radius ** 2 - distance ** 2) * mu : 0;
        expect(image[row * size + column]).toBeCloseTo(expected, 5);
        if (expected > 0) hits++;
      }
    }
    expect(hits).toBeGreaterThan(500);
  });

  it('lets a later part replace an earlier one, and adds parts that lie apart', () => {
    const beam = placeBeam({ ...settings, rotationDegrees: 0, tiltDegrees: 0, leanDegrees: 0 });
    const middle = ((size - 1) / 2) * (size + 1);
    const outer = { name: 'outer', solid: sphere([0, 0, 0], 6), attenuation: 0.2 };
    const inner = { name: 'inner', solid: sphere([0, 2, 0], 2), attenuation: 0.05 };
    const apart = { name: 'apart', solid: sphere([0, -9, 0], 1), attenuation: 0.5 };
    expect(project([outer, inner, apart], beam, size)[middle]).toBeCloseTo(8 * 0.2 + 4 * 0.05 + 2 * 0.5, 5);
    expect(project([inner, outer], beam, size)[middle]).toBeCloseTo(12 * 0.2, 5);
  });

  it('magnifies by source-detector over source-object distance: more in AP than in PA', () => {
    const heart = { name: 'heart', solid: sphere([0, -4, 0], 5), attenuation: 0.2 };
    const widthOf = (view: 'PA' | 'AP') => {
      const beam = placeBeam({ ...settings, view, rotationDegrees: 0, tiltDegrees: 0, leanDegrees: 0 });
      const fine = 601;
      const row = project([heart], beam, fine).subarray(300 * fine, 301 * fine);
      return (row.filter((value) => value > 0).length / fine) * beam.side;
    };
    const shadow = (sourceDetector: number, objectDetector: number) => {
      const distance = sourceDetector - objectDetector;
      return (2 * 5 * sourceDetector) / Math.sqrt(distance ** 2 - 25);
    };
    expect(widthOf('PA')).toBeCloseTo(shadow(180, 11), 0.5);
    expect(widthOf('AP')).toBeCloseTo(shadow(100, 19), 0.5);
    expect(widthOf('AP')).toBeGreaterThan(widthOf('PA') * 1.1);
  });

  it('sees a body scaled by two as the body in a shrunken beam', () => {
    const beam = placeBeam(settings);
    const large = project([{ name: 'ball', solid: sphere([2, 2, 2], 4), attenuation: 0.1 }], beam, size);
    const small = project([{ name: 'ball', solid: sphere([1, 1, 1], 2), attenuation: 0.1 }], shrinkBeam(beam, 2), size);
    for (const [i, value] of large.entries()) expect(small[i]! * 2).toBeCloseTo(value, 5);
  });
});
