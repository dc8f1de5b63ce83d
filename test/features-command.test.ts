/** `hilum features`: its vectors and its input repeated in Python, its refusals. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { readNpy } from '../src/base/index.js';
import { createBackbone, INPUT_STATISTICS, saveBackbone } from '../src/models/index.js';
import { writePictureSet } from '../src/phantoms/index.js';
import { manualSeed, noGrad } from '../src/torch/index.js';
import { hilum } from './command-line.js';
import { python, relativeError } from './reference.js';

vi.mock('../cli/output.js', async (original) => (await import('./printed.js')).capturing(original));

const folder = mkdtempSync(join(tmpdir(), 'hilum-features-'));
const at = (...names: string[]) => join(folder, ...names);
const [weights, out, input] = [at('vit.safetensors'), at('x.npy'), at('in.npy')];
const script = resolve(import.meta.dirname, '../src/features/fixtures/repeat.py');
const chest = resolve(import.meta.dirname, '../src/imaging/dicom/fixtures/synthetic/rescale.dcm');

beforeAll(async () => {
  await writePictureSet(at('pictures'), { images: 9, size: 61, seed: 3 });
  manualSeed(5);
  const network = { dim: 48, depth: 3, heads: 3, patchSize: 8, imageSize: 32, registers: 2, layerScale: 0.5 };
  const backbone = createBackbone({ architecture: 'vit', ...network, input: INPUT_STATISTICS.imagenet });
  noGrad(() => {
    // Registers, norms and biases begin where they do nothing.
    for (const parameter of backbone.parameters()) parameter.add_(parameter.clone().normal_(0, 0.05));
  });
  saveBackbone(backbone, weights);
  backbone.free();
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  process.exitCode = undefined;
});

const features = (...args: string[]) => hilum('features', '--weights', weights, '--out', out, ...args);
const pictures = () =>
  readdirSync(at('pictures'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

async function refused(args: string[], ...words: string[]): Promise<void> {
  const outcome = await hilum('features', '--out', out, ...args);
  expect(outcome).toMatchObject({ code: 2, out: '' });
  for (const word of words) expect(outcome.err).toContain(word);
}

describe('hilum features', () => {
  it('gives vectors that Python repeats from the stored input, and an input that Pillow repeats from the images', async (context) => {
    const flags = ['--layers', '2,3', '--output', 'class+patch-mean', '--input-out', input];
    const { code, out: text } = await features(at('pictures'), ...flags);
    expect(code).toBe(0);
    expect(text).toContain(`${out}: features, float32 [9, 144]`);
    expect(text).toContain(`${input}: the network's input, float32 [9, 3, 32, 32]`);
    expect(text).toContain('shorter side resized, centre cut out (bicubic), mean 0.485');
    expect(readFileSync(at('x.csv'), 'utf8')).toBe(
      `row,path\n${pictures()
        .map((path, row) => `${row},${path}\n`)
        .join('')}`,
    );
    const repeated = python(script, weights, '3', '2,3', input, out);
    if (repeated !== undefined) expect(Number(repeated)).toBeLessThan(1e-5);
    const { mean, std } = INPUT_STATISTICS.imagenet!;
    const transform = ['--transform', '32', '32', mean.join(), std.join(), input];
    const transformed = python(script, ...transform, ...pictures());
    if (transformed !== undefined) expect(Number(transformed)).toBeLessThan(1e-6);
    const absent = [repeated, transformed].includes(undefined);
    if (absent) context.skip('needs the Python packages torch, numpy and PIL (Debian: python3-torch, python3-pil)');
  });

  it('gives an image the same vector in batches of any size, and alone', async () => {
    await features(at('pictures'), '--batch-size', '16');
    const together = readNpy(out);
    expect(together.shape).toEqual([9, 48]);
    await features(at('pictures'), '--batch-size', '4');
    expect(relativeError(readNpy(out).data as Float32Array, together.data as Float32Array)).toBeLessThan(1e-5);
    await features(pictures()[7]!);
    const alone = readNpy(out).data as Float32Array;
    expect(relativeError(alone, together.data.subarray(7 * 48, 8 * 48) as Float32Array)).toBeLessThan(1e-5);
  });

  it('takes DICOM, with the preprocessing of the study, other statistics and another size', async () => {
    const flags = ['--preprocessing', 'study', '--input', '0..1', '--size', '40', '--input-out', input, '--json'];
    const { code, out: text } = await features(chest, ...flags);
    expect(code).toBe(0);
    const { network, inputShape } = JSON.parse(text);
    expect(inputShape).toEqual([1, 3, 40, 40]);
    expect(network).toMatchObject({
      input: null,
      inputSource: 'asked for',
      preprocessing: { size: 40, channels: 1, fit: 'stretch', minMax: true, equalize: true, interpolation: 'lanczos' },
    });
    const { data } = readNpy(input);
    expect([Math.min(...data), Math.max(...data)]).toEqual([0, 1]);
    expect(data.subarray(0, 1600)).toEqual(data.subarray(3200));
  });

  it('leaves out what cannot be read and says so, or stops there with --strict', async () => {
    mkdirSync(at('some'));
    copyFileSync(pictures()[0]!, at('some', 'a.png'));
    writeFileSync(at('some', 'b.png'), 'broken');
    copyFileSync(pictures()[1]!, at('some', 'c.png'));
    const outcome = await features(at('some'));
    expect(outcome.code).toBe(0);
    expect(outcome.err).toContain(`left out: 1 image that cannot be read: ${at('some', 'b.png')}`);
    expect(readFileSync(at('x.csv'), 'utf8')).toBe(`row,path\n0,${at('some', 'a.png')}\n1,${at('some', 'c.png')}\n`);
    rmSync(out);
    await refused([at('some'), '--weights', weights, '--strict', '--input-out', input], 'b.png', 'leave --strict out');
    expect(existsSync(out)).toBe(false);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('makes random weights of a size, the same each time', async () => {
    const random = (...args: string[]) => hilum('features', pictures()[0]!, '--out', out, '--size', '32', ...args);
    expect((await random('--weights', 'random:tiny/8')).out).toContain('float32 [1, 192]');
    const first = readNpy(out);
    await random('--weights', 'random:tiny/8');
    expect(readNpy(out)).toEqual(first);
  });

  it('refuses what does not fit, and says what would', async () => {
    const [image] = pictures() as [string];
    const own = ['--weights', weights];
    mkdirSync(at('empty'));
    await refused([at('empty'), ...own], 'found no picture');
    await refused([at('none.png'), ...own], 'none.png', 'no such file');
    await refused([...own], "missing required argument 'image'");
    await refused([image, ...own, '--size', '30'], `size for ${weights}: found 30`, 'multiple of 8', 'Use 32.');
    await refused([image, ...own, '--layers', '2,4'], 'layers: found 4', '1 to 3');
    await refused([image, ...own, '--layers', 'last'], "'--layers <numbers>'", 'numbers of blocks');
    await refused([image, ...own, '--device', 'cuda:63'], 'device: found cuda:63', 'expected cpu');
    await refused([image, ...own, '--input', 'imagnet'], "'--input <statistics>'", 'imagenet, half');
    await refused([image, ...own, '--input', '0.5,0.5/0.2,0.2'], 'means and standard deviations');
    await refused([image, ...own, '--input', '0.5,0.5,0.5/0.2,0,0.2'], 'means and standard deviations');
    await refused([image, ...own, '--interpolation', 'nearest'], 'lanczos, bicubic, bilinear');
    await refused([image, ...own, '--input-out', at('in.txt')], 'ends in .npy');
    await refused([image, '--weights', at('none.safetensors')], 'none.safetensors');
    await refused([image, '--weights', 'random:medium'], 'size medium', 'random:small/16');
    await refused([image, '--weights', 'random:small/14', '--size', '100'], 'multiple of 14', 'Use 98.');
  });

  it('asks for statistics where nothing says them', async () => {
    expect((await hilum('weights', 'convert', weights, '--to', 'timm', '--out', at('timm'))).code).toBe(0);
    copyFileSync(at('timm', 'model.safetensors'), at('bare.safetensors'));
    const bare = [pictures()[0]!, '--weights', at('bare.safetensors')];
    await refused(bare, 'what their input was normalized with', '--input imagenet');
  });
});
