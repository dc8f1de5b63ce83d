import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readJson } from '../../base/index.js';
import { Dinov2Network } from './network.js';
import { parameterGroups } from './parameter-groups.js';

describe('the parameters of a student', () => {
  const { groups } = readJson<{ groups: Record<string, object> }>(
    join(import.meta.dirname, 'fixtures', 'schedules.json'),
  );

  it('are grouped as in DINOv2: rate, decay and last layer of each', () => {
    const student = new Dinov2Network(
      { architecture: 'vit', imageSize: 8, patchSize: 4, dim: 8, depth: 3, heads: 2, layerScale: 1, registers: 1 },
      { prototypes: 6, hidden: 8, bottleneck: 4, layers: 3 },
      null,
    );
    const names = new Map([...student.namedParameters()].map(([name, parameter]) => [parameter, name]));
    const found = parameterGroups(student, { layerDecay: 0.9, patchEmbedRate: 0.2 }).flatMap((group) =>
      group.parameters.map((parameter) => {
        const { rate, decay: weightDecay, lastLayer } = group;
        return [names.get(parameter)!, { learningRate: expect.closeTo(rate, 12), weightDecay, lastLayer }];
      }),
    );
    expect(found).toHaveLength(names.size);
    expect(groups).toEqual(Object.fromEntries(found));
    student.free();
  });

  it('are those of a network that masks patches', () => {
    const head = { prototypes: 6, hidden: 8, bottleneck: 4, layers: 3 };
    expect(
      () => new Dinov2Network({ architecture: 'densenet', imageSize: 32, blocks: [2], growth: 4 }, head, null),
    ).toThrow('model: architecture: found densenet; expected vit');
  });
});
