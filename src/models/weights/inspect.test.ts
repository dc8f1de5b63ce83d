import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { liveTensors, ones, readSafetensors, scope, writePytorch, writeSafetensors } from '../../torch/index.js';
import { inspectWeights } from './inspect.js';

const folder = mkdtempSync(join(tmpdir(), 'hilum-inspect-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'weights.pth');

/** A variant's weights in the fixture of DINOv2, under a prefix, with more beside them. */
function store(more: Record<string, number[]> = {}, prefix = 'teacher.backbone.'): void {
  scope(() => {
    const { tensors } = readSafetensors(join(import.meta.dirname, 'namings/fixtures/vit-dinov2.safetensors'));
    const own = Object.entries(tensors).filter(([name]) => name.startsWith('registers/weights/'));
    const entries = own.map(([name, tensor]) => [name.replace('registers/weights/', prefix), tensor] as const);
    const others = Object.entries(more).map(([name, shape]) => [name, ones(shape)] as const);
    writePytorch(path, Object.fromEntries([...entries, ...others]));
  });
}

describe('weights that hilum knows', () => {
  it('are described: names, place, network, input and where that comes from', () => {
    store({ 'teacher.dino_head.mlp.0.weight': [2, 2], 'teacher.backbone.odd.thing': [3] });
    const before = liveTensors();
    const { network, ...about } = inspectWeights(path, { hints: { heads: 2 } });
    expect(liveTensors()).toBe(before);
    expect(about).toMatchObject({ path, files: [path], format: 'pytorch', metadata: {}, reason: '' });
    expect(about.bytes).toBeGreaterThan(10_000);
    expect(network).toMatchObject({
      naming: 'DINOv2 (facebookresearch/dinov2)',
      config: { architecture: 'vit', dim: 16, depth: 2, heads: 2, registers: 3, patchSize: 4, imageSize: 24 },
      input: { statistics: { mean: [0.485, 0.456, 0.406] }, source: 'DINOv2 (facebookresearch/dinov2)' },
      heads: ['dino_head.mlp.0.weight'],
      unknown: ['odd.thing'],
      missing: [],
    });
    expect(network!.place).toContain('teacher');
    const trained = about.entries.filter(({ name }) => !/odd|dino_head/.test(name));
    const values = trained.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
    expect(network!.parameters).toBe(values);
    expect(trained.every(({ dtype }) => dtype === 'bfloat16')).toBe(true);
  });

  it('say what they lack', () => {
    scope(() => {
      store({}, '');
      const { tensors } = readSafetensors(join(import.meta.dirname, 'namings/fixtures/vit-dinov2.safetensors'));
      const entries = Object.entries(tensors).flatMap(([name, tensor]) => {
        const own = name.replace('registers/weights/', '');
        return own === name || own === 'norm.bias' || own === 'mask_token' ? [] : [[own, tensor] as const];
      });
      writePytorch(path, Object.fromEntries(entries));
    });
    expect(inspectWeights(path, { hints: { heads: 2 } }).network?.missing).toEqual(['norm.bias']);
  });
});

describe('other files', () => {
  it('are listed all the same, with the reason why no network fits', () => {
    const other = join(folder, 'language.safetensors');
    scope(() =>
      writeSafetensors(other, { 'lm_head.weight': ones([2, 3]), 'wte.weight': ones([4]) }, { by: 'someone' }),
    );
    expect(inspectWeights(other)).toMatchObject({
      network: undefined,
      reason: expect.stringContaining('expected weights under the names of'),
      format: 'safetensors',
      metadata: { by: 'someone' },
      entries: [
        { name: 'lm_head.weight', dtype: 'float32', shape: [2, 3] },
        { name: 'wte.weight', dtype: 'float32', shape: [4] },
      ],
    });
  });

  it('that do not exist are refused', () => {
    expect(() => inspectWeights(join(folder, 'none.pth'))).toThrow('none.pth');
  });
});
