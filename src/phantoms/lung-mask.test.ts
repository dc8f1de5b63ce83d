import { expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { lungMask } from './lung-mask.js';
import { drawPatient } from './patient.js';
import { projectPhantom } from './radiograph.js';

const SIZE = 32;

it('what fills a pleural cavity shows inside the mask of the lungs alone, and fills much of it', () => {
  for (let patient = 0; patient < 4; patient++) {
    const [phantom] = drawPatient(Random.of(3, patient));
    const findings = { ...phantom!.findings, effusion: undefined, pneumothorax: undefined };
    const healthy = { ...phantom!, findings };
    const mask = lungMask(phantom!, SIZE);
    expect(lungMask(healthy, SIZE)).toEqual(mask);
    const changed = new Set<number>();
    for (const side of ['left', 'right'] as const) {
      const sick = { ...phantom!, findings: { ...findings, effusion: { side, heightCm: 20 } } };
      const [before, after] = [projectPhantom(healthy, SIZE), projectPhantom(sick, SIZE)];
      for (const [i, depth] of after.entries()) if (Math.abs(depth - before[i]!) > 1e-6) changed.add(i);
    }
    // A vessel at the edge of the lung may stand out by its own radius.
    expect([...changed].filter((i) => mask[i] === 0).length).toBeLessThan(4);
    const area = mask.filter((value) => value === 255).length;
    expect(changed.size / area).toBeGreaterThan(0.35);
    expect(area / mask.length).toBeGreaterThan(0.25);
    expect(area / mask.length).toBeLessThan(0.75);
  }
});
