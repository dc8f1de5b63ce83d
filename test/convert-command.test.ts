/** `hilum weights inspect` and `convert`, from the command line to the files. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { createBackbone, type ModelConfig, saveBackbone } from '../src/models/index.js';
import { ones, scope, writeSafetensors } from '../src/torch/index.js';
import { hilum } from './command-line.js';

vi.mock('../cli/output.js', async (original) => (await import('./printed.js')).capturing(original));

const folder = mkdtempSync(join(tmpdir(), 'hilum-convert-command-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  process.exitCode = undefined;
});

const own = join(folder, 'own.safetensors');
const small: ModelConfig = {
  architecture: 'vit',
  imageSize: 56,
  patchSize: 14,
  dim: 128,
  depth: 2,
  heads: 2,
  layerScale: 1,
  input: null,
};
const backbone = createBackbone(small);
saveBackbone(backbone, own, { seed: '7' });
backbone.free();

const other = join(folder, 'other.safetensors');
scope(() => writeSafetensors(other, { 'wte.weight': ones([2, 3]) }));

describe('hilum weights inspect', () => {
  it('shows what is in a file', async () => {
    const { code, out, err } = await hilum('weights', 'inspect', own);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^format +safetensors, [\d.]+ MB$/m);
    expect(out).toMatch(/^network +vision transformer, 2 blocks of width 128, patches of 14 px$/m);
    expect(out).toMatch(/^input +values 0..1 as they are; 56 px \(from the file\)$/m);
    expect(out).toMatch(/^types +\d+ float32$/m);
    expect(out).toMatch(/^metadata +seed: 7$/m);
    expect(out).not.toContain('blocks.0.attn.qkv.weight');
  });

  it('lists every tensor with --all, and everything with --json', async () => {
    expect((await hilum('weights', 'inspect', own, '--all')).out).toMatch(
      /^blocks\.0\.attn\.qkv\.weight +float32 +\[384, 128\]$/m,
    );
    const { out } = await hilum('weights', 'inspect', own, '--json');
    expect(JSON.parse(out)).toMatchObject({
      format: 'safetensors',
      network: { config: small, unknown: [], missing: [] },
    });
  });

  it('shows a file of no known network too, and ends with 2', async () => {
    const { code, out, err } = await hilum('weights', 'inspect', other);
    expect(code).toBe(2);
    expect(out).toMatch(/^network +none that hilum has$/m);
    expect(out).toMatch(/^wte\.weight +float32 +\[2, 3\]$/m);
    expect(err).toMatch(/^error: .*expected weights under the names of/);
    const json = await hilum('weights', 'inspect', other, '--json');
    expect([json.code, JSON.parse(json.out).entries]).toEqual([
      2,
      [{ name: 'wte.weight', dtype: 'float32', shape: [2, 3] }],
    ]);
  });

  it('ends with 2 where there is nothing, or nothing that can be read', async () => {
    const broken = join(folder, 'broken.pth');
    writeFileSync(broken, 'no weights');
    for (const path of [broken, join(folder, 'none.pth')]) {
      const { code, out, err } = await hilum('weights', 'inspect', path);
      expect([code, out]).toEqual([2, '']);
      expect(err).toContain(path);
    }
  });
});

describe('hilum weights convert', () => {
  it('writes a folder that inspect then reads', async () => {
    const out = join(folder, 'timm');
    const converted = await hilum(
      'weights',
      'convert',
      own,
      '--to',
      'timm',
      '--size',
      '28',
      '--dtype',
      'bf16',
      '--out',
      out,
    );
    expect(converted.code).toBe(0);
    expect(converted.out).toContain('position embedding: 4 x 4 to 2 x 2');
    expect(converted.err).toMatch(/^note: interpolation is/m);
    const { network, entries } = JSON.parse((await hilum('weights', 'inspect', out, '--json')).out);
    expect(network).toMatchObject({ config: { imageSize: 28, dim: 128 }, input: { size: 28 } });
    expect(new Set(entries.map(({ dtype }: { dtype: string }) => dtype))).toEqual(new Set(['bfloat16']));
    expect((await hilum('weights', 'convert', own, '--to', 'timm', '--out', out)).err).toContain('Use --force');
  });

  it('prints one document with --json', async () => {
    const out = join(folder, 'vit.pth');
    const { code, out: text, err } = await hilum('weights', 'convert', own, '--to', 'dinov2', '--out', out, '--json');
    expect([code, err]).toEqual([0, '']);
    expect(JSON.parse(text)).toMatchObject({
      to: 'DINOv2 (facebookresearch/dinov2)',
      files: [{ path: out }],
      notes: [],
    });
  });

  it.each([
    [['--to', 'torchvision'], 'expected one of hilum, dinov2, timm, transformers'],
    [['--to', 'timm', '--size', '30'], 'imageSize: found 30; expected a multiple of patchSize 14'],
    [['--to', 'timm', '--dtype', 'fp8'], "argument 'fp8' is invalid"],
    [['--to', 'timm', '--input', 'imagenett'], 'Expected one of none, imagenet, half'],
  ])('refuses %j, and writes nothing', async (flags, text) => {
    const out = join(folder, 'refused');
    const { code, err } = await hilum('weights', 'convert', own, '--out', out, ...flags);
    expect([code, existsSync(out)]).toEqual([2, false]);
    expect(err).toContain(text);
  });
});
