import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fingerprint } from '../../../test/original.js';
import { readJson } from '../../base/index.js';
import type { ModelConfig } from '../../models/index.js';
import { scope, withoutInitialization } from '../../torch/index.js';
import type { HeadOptions } from './dino-head.js';
import { Dinov2Network } from './network.js';

const head = (prototypes: number, hidden: number, bottleneck: number): HeadOptions => ({
  prototypes,
  hidden,
  bottleneck,
  layers: 3,
});

/** As in fixtures/make-names.py. */
const NETWORKS: Record<string, [ModelConfig, HeadOptions, HeadOptions | null]> = {
  vitl14: [
    { architecture: 'vit', size: 'large', imageSize: 224, patchSize: 14, feedForward: 'swiglu', layerScale: 1e-5 },
    head(131072, 2048, 384),
    head(131072, 2048, 256),
  ],
  vits16_reg4: [
    { architecture: 'vit', size: 'small', imageSize: 96, patchSize: 16, registers: 4, layerScale: 1e-5 },
    head(1024, 1024, 128),
    null,
  ],
};

const published = readJson<Record<string, { parameters: number; sha256: string }>>(
  join(import.meta.dirname, 'fixtures', 'names.json'),
);

describe.each(Object.entries(NETWORKS))('%s with its heads', (name, [model, own, patches]) => {
  it("has the names and shapes of the original's teacher_checkpoint.pth", () => {
    scope(() => {
      const network = withoutInitialization(() => new Dinov2Network(model, own, patches));
      const state = network.stateDict();
      const values = Object.values(state).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
      expect(values).toBe(published[name]!.parameters);
      expect(fingerprint(state)).toBe(published[name]!.sha256);
      network.free();
    });
  });
});
