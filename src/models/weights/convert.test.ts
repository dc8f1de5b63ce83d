import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { expectClose } from '../../../test/reference.js';
import { readJson } from '../../base/index.js';
import {
  cat,
  full,
  liveTensors,
  manualSeed,
  noGrad,
  rand,
  readCheckpoint,
  readSafetensors,
  type StateDict,
  scope,
  type Tensor,
  toFloat32Array,
  writeSafetensors,
} from '../../torch/index.js';
import { createBackbone } from '../architectures.js';
import type { Backbone } from '../backbone.js';
import { writeModelCard } from '../card.js';
import { Classifier } from '../classifier.js';
import type { ModelConfig } from '../config.js';
import { INPUT_STATISTICS } from '../input-statistics.js';
import { convertWeights, namesFor, namingFor } from './convert.js';
import { loadWeights, saveBackbone } from './load.js';
import { fits } from './namings/naming.js';
import { openWeights } from './open.js';

const FIXTURES = join(import.meta.dirname, 'namings/fixtures');
const folder = mkdtempSync(join(tmpdir(), 'hilum-convert-'));
afterAll(() => rmSync(folder, { recursive: true }));
const original = join(folder, 'original.safetensors');

const place = (name: string) => {
  const path = join(folder, name);
  rmSync(path, { recursive: true, force: true });
  return path;
};

/** Writes the weights of a fixture's variant to `original`, and gives its entries. */
function store(file: string, variant: string): void {
  const { tensors } = readSafetensors(join(FIXTURES, `${file}.safetensors`));
  const prefix = `${variant}/weights/`;
  const own = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  expect(own.length).toBeGreaterThan(0);
  writeSafetensors(original, Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length), tensor])));
}

function expectIdentical(actual: StateDict, expected: StateDict): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, tensor] of Object.entries(expected)) {
    expect([...actual[name]!.shape], name).toEqual([...tensor.shape]);
    expect(toFloat32Array(actual[name]!), name).toEqual(toFloat32Array(tensor));
  }
}

/** Of every family and code base: weights as the original code named them. */
const VARIANTS: [file: string, variant: string, kind: 'transformer' | 'convolutional'][] = [
  ['vit-dinov2', 'mlp', 'transformer'],
  ['vit-dinov2', 'swiglu', 'transformer'],
  ['vit-dinov2', 'registers', 'transformer'],
  ['vit-timm', 'augreg', 'transformer'],
  ['vit-timm', 'giant', 'transformer'],
  ['vit-timm', 'reg4', 'transformer'],
  ['vit-timm', 'miil', 'transformer'],
  ['vit-transformers', 'vit', 'transformer'],
  ['vit-transformers', 'dinov2', 'transformer'],
  ['vit-transformers', 'giant', 'transformer'],
  ['vit-transformers', 'registers', 'transformer'],
  ['dinov3-vit', 'mlp', 'transformer'],
  ['dinov3-vit', 'swiglu', 'transformer'],
  ['dinov3-vit', 'bare', 'transformer'],
  ['dinov3-vit-timm', 'mlp', 'transformer'],
  ['dinov3-vit-timm', 'qkvb', 'transformer'],
  ['dinov3-vit-timm', 'swiglu', 'transformer'],
  ['dinov3-vit-transformers', 'mlp', 'transformer'],
  ['dinov3-vit-transformers', 'gated', 'transformer'],
  ['convnext', 'convnext', 'convolutional'],
  ['convnext-dinov3', 'convnext', 'convolutional'],
  ['convnext-timm', 'convnext', 'convolutional'],
  ['convnext-transformers', 'convnext', 'convolutional'],
  ['convnext-transformers', 'dinov3', 'convolutional'],
  ['resnet', 'torchvision/bottleneck', 'convolutional'],
  ['resnet', 'torchvision/basic', 'convolutional'],
  ['resnet', 'timm/d', 'convolutional'],
  ['resnet', 'transformers/bottleneck', 'convolutional'],
  ['densenet', 'torchvision', 'convolutional'],
  ['densenet', 'timm', 'convolutional'],
  ['densenet', 'torchxrayvision', 'convolutional'],
];

describe.each(VARIANTS)('%s, %s', (file, variant, kind) => {
  const hints = kind === 'transformer' ? { heads: 2 } : {};

  it('comes back under its own names bit for bit', () => {
    scope(() => {
      store(file, variant);
      const { naming, entries, renamed } = openWeights(original, { hints });
      const out = place('same.safetensors');
      const { notes } = convertWeights(original, out, { to: naming.name, hints, input: null });
      expect(notes.filter((note) => !note.startsWith('one file') && !note.startsWith('no config.json'))).toEqual([]);
      const kept = Object.entries(entries).filter(
        ([name]) => !renamed.leftOver.includes(name) || !naming.heads.some((head) => fits(name, head)),
      );
      expectIdentical(readSafetensors(out).tensors, Object.fromEntries(kept));
    });
  });

  it('comes back from every other code base that can hold it', () => {
    scope(() => {
      store(file, variant);
      const { naming, config } = openWeights(original, { hints });
      const before = loadWeights(original, { hints }).backbone;
      const others = namesFor(config.architecture).filter((name) => name !== naming.name && !refusalOf(name, config));
      expect(others.length).toBeGreaterThan(0);
      for (const to of others) {
        const there = place('there');
        convertWeights(original, there, { to, hints, input: null, dtype: 'float32' });
        const { backbone, report } = loadWeights(there, { hints, config: before.config });
        expect(report.leftOver).toEqual([]);
        expectIdentical(comparable(backbone, report.initialized), comparable(before, report.initialized));
        backbone.free();
      }
      before.free();
    });
  });
});

/** A network's state without what `lost` names, and with what has more than one form brought to one. */
function comparable(backbone: Backbone, lost: readonly string[]): StateDict {
  const { config } = backbone;
  const state = { ...backbone.stateDict() };
  if (config.architecture === 'vit' && config.registers) {
    // timm adds the class token's position to the token.
    const { cls_token: token, pos_embed: positions } = state as { cls_token: Tensor; pos_embed: Tensor };
    state.cls_token = token.add(positions.narrow(1, 0, 1));
    state.pos_embed = positions.narrow(1, 1, positions.size(1) - 1);
  }
  if (config.architecture === 'dinov3-vit' && !config.keyBias) {
    for (const name of Object.keys(state).filter((each) => each.endsWith('attn.qkv.bias'))) {
      const [queries, , values] = state[name]!.chunk(3, 0); // a mask keeps that of the keys at zero
      state[name] = cat([queries!, values!], 0);
    }
  }
  for (const name of lost) delete state[name];
  return state;
}

function refusalOf(to: string, config: ModelConfig): string | undefined {
  if (to === 'hilum') return undefined;
  try {
    namingFor(to, config);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const SMALL = {
  architecture: 'vit',
  imageSize: 56,
  patchSize: 14,
  dim: 24,
  depth: 2,
  heads: 2,
  layerScale: 1,
  input: INPUT_STATISTICS.imagenet,
} as const;

/** A file of hilum's with random weights. */
function saved(config: ModelConfig = SMALL): string {
  manualSeed(4);
  const path = place('own.safetensors');
  const backbone = createBackbone(config);
  noGrad(() =>
    scope(() => backbone.parameters().map((parameter) => parameter.copy_(rand(parameter.shape, 'float32')))),
  );
  saveBackbone(backbone, path);
  backbone.free();
  return path;
}

describe('a folder as transformers publishes it', () => {
  it('has config.json, preprocessor_config.json and the weights', () => {
    const out = place('transformers');
    const { files, notes } = convertWeights(saved(), out, { to: 'transformers' });
    expect(files.map(({ path }) => path)).toEqual(
      ['config.json', 'preprocessor_config.json', 'model.safetensors'].map((name) => join(out, name)),
    );
    expect(notes).toEqual([expect.stringMatching(/^interpolation is .* at others$/)]);
    expect(readJson(join(out, 'config.json'))).toMatchObject({
      architectures: ['Dinov2Model'],
      model_type: 'dinov2',
      hidden_size: 24,
      num_attention_heads: 2,
      image_size: 56,
      torch_dtype: 'float32',
    });
    expect(readJson(join(out, 'preprocessor_config.json'))).toEqual({
      image_processor_type: 'ViTImageProcessor',
      do_resize: true,
      size: { height: 56, width: 56 },
      resample: 3,
      do_rescale: true,
      rescale_factor: 1 / 255,
      do_normalize: true,
      image_mean: [0.485, 0.456, 0.406],
      image_std: [0.229, 0.224, 0.225],
    });
    expect(scope(() => readSafetensors(join(out, 'model.safetensors')).metadata)).toEqual({ format: 'pt' });
  });

  it('says nothing of normalization where values stay 0..1, and may be of another input than the weights say', () => {
    const out = place('transformers');
    convertWeights(saved({ ...SMALL, input: null }), out, { to: 'transformers' });
    expect(readJson(join(out, 'preprocessor_config.json'))).not.toHaveProperty('image_mean');
    convertWeights(saved(), out, { to: 'transformers', input: INPUT_STATISTICS.half, force: true });
    expect(readJson(join(out, 'preprocessor_config.json'))).toMatchObject({
      do_normalize: true,
      image_std: [0.5, 0.5, 0.5],
    });
  });
});

it("a folder as timm's hub loader reads it has a registered architecture and every argument", () => {
  const out = place('timm');
  convertWeights(saved(), out, { to: 'timm', size: 28 });
  expect(readJson(join(out, 'config.json'))).toMatchObject({
    architecture: 'vit_base_patch14_dinov2',
    num_classes: 0,
    model_args: { img_size: 28, patch_size: 14, embed_dim: 24, depth: 2, num_heads: 2, init_values: 1 },
    pretrained_cfg: { input_size: [3, 28, 28], mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  });
});

describe('a classifier that hilum trained', () => {
  const findings = ['Edema', 'No finding'];
  function run(config: ModelConfig): string {
    const folder = place('run');
    const own = saved(config);
    const { backbone } = loadWeights(own);
    const classifier = new Classifier(backbone, findings.length);
    noGrad(() => scope(() => classifier.head.weight.copy_(rand(classifier.head.weight.shape, 'float32'))));
    scope(() => writeSafetensors(join(folder, 'model.safetensors'), classifier.stateDict()));
    const preprocessing = { minMax: true, equalize: true, fit: 'stretch' } as const;
    writeModelCard(folder, { model: backbone.config, findings, preprocessing, precision: 'fp32' });
    classifier.free();
    return folder;
  }
  const input = null;
  const cases: [to: string, config: ModelConfig, prefix: string, head: string, width: number][] = [
    ['timm', SMALL, '', 'head', 24],
    ['transformers', SMALL, 'dinov2.', 'classifier', 48],
    ['transformers', { ...SMALL, registers: 2 }, 'dinov2_with_registers.', 'classifier', 48],
    ['transformers', { ...SMALL, layerScale: null }, 'vit.', 'classifier', 24],
    [
      'timm',
      { architecture: 'convnext', imageSize: 32, depths: [1, 1, 1, 1], dims: [4, 4, 8, 8], input },
      '',
      'head.fc',
      8,
    ],
    ['timm', { architecture: 'resnet', size: 'resnet18', imageSize: 32, input }, '', 'fc', 512],
    [
      'transformers',
      { architecture: 'resnet', size: 'resnet18', imageSize: 32, input },
      'resnet.',
      'classifier.1',
      512,
    ],
    ['torchvision', { architecture: 'densenet', size: 'densenet121', imageSize: 32, input }, '', 'classifier', 1024],
  ];
  it.each(cases)('keeps its head in %s (%j)', (to, config, prefix, head, width) => {
    const out = place('out');
    const { notes } = convertWeights(run(config), out, { to });
    expect(notes.filter((note) => note.includes('head'))).toEqual([]);
    scope(() => {
      const { tensors } = readSafetensors(join(out, 'model.safetensors'));
      const weight = tensors[`${head}.weight`]!;
      expect([...weight.shape]).toEqual([2, width]);
      expect([...tensors[`${head}.bias`]!.shape]).toEqual([2]);
      if (prefix === 'dinov2.')
        expect(toFloat32Array(weight.narrow(1, 24, 24)).every((value) => value === 0)).toBe(true);
      const rest = Object.keys(tensors).filter((name) => !name.startsWith(`${head}.`));
      expect(rest.every((name) => name.startsWith(prefix))).toBe(true);
    });
    const config2 = existsSync(join(out, 'config.json')) && readJson<object>(join(out, 'config.json'));
    if (to === 'timm') expect(config2).toMatchObject({ num_classes: 2, label_names: findings });
    if (to === 'transformers') {
      expect(config2).toMatchObject({
        id2label: { 0: 'Edema', 1: 'No finding' },
        problem_type: 'multi_label_classification',
      });
    }
  });

  it('loses it, and says so, where there is no place for one', () => {
    const { notes } = convertWeights(run(SMALL), place('dinov2.pth'), { to: 'dinov2' });
    expect(notes).toContain("the classifier's head was left out: dinov2 has no place for it");
  });
});

describe('weights of another size, type or form', () => {
  it('give the features that the original gives at that size', () => {
    const own = saved();
    const out = place('small.safetensors');
    expect(convertWeights(own, out, { to: 'hilum', size: 28 }).load.interpolated).toBe('4 x 4 to 2 x 2');
    const [before, after] = [own, out].map((path) => loadWeights(path).backbone) as [Backbone, Backbone];
    scope(() => {
      const x = rand([2, 3, 28, 28], 'float32');
      expectClose('features', after.forward(x), before.forward(x), 1e-6);
    });
    before.free();
    after.free();
  });

  it.each(['float16', 'bfloat16'] as const)('are stored as %s, and stay that unless told otherwise', (dtype) => {
    const [half, again] = [place('half.safetensors'), place('again.safetensors')];
    expect(convertWeights(saved(), half, { to: 'dinov2', dtype }).dtype).toBe(dtype);
    expect(convertWeights(half, again, { to: 'dinov2', hints: { heads: 2 } }).dtype).toBe(dtype);
    scope(() => {
      const [first, second] = [half, again].map((path) => readSafetensors(path).tensors) as [StateDict, StateDict];
      expect(new Set(Object.values(first).map((tensor) => tensor.dtype))).toEqual(new Set([dtype]));
      expectIdentical(second, first);
    });
  });

  it('are a state dict of PyTorch where the file is called so, and that opens again', () => {
    const [pth, back] = [place('weights.pth'), place('back.safetensors')];
    const own = saved();
    convertWeights(own, pth, { to: 'dinov2' });
    scope(() => expect(readCheckpoint(pth).format).toBe('pytorch'));
    convertWeights(pth, back, { to: 'hilum', hints: { heads: 2 } });
    scope(() => expectIdentical(readSafetensors(back).tensors, readSafetensors(own).tensors));
  });
});

describe('a conversion is refused', () => {
  const refused = (work: () => unknown, text: string | RegExp) => {
    const before = liveTensors();
    expect(work).toThrow(text);
    expect(liveTensors()).toBe(before);
  };

  it('to a code base that has no such network, with those that have', () => {
    refused(
      () => convertWeights(saved(), place('x'), { to: 'torchvision' }),
      'expected one of hilum, dinov2, timm, transformers',
    );
    const deep: ModelConfig = { architecture: 'resnet', size: 'resnet50d', imageSize: 224 };
    expect(() => namingFor('torchvision', deep)).toThrow('torchvision has no ResNet with a deep stem');
  });

  it('over files that are there, unless they may be replaced', () => {
    const out = place('there.safetensors');
    writeFileSync(out, 'precious');
    refused(() => convertWeights(saved(), out, { to: 'timm' }), `${out}: found a file that is there`);
    expect(readFileSync(out, 'utf8')).toBe('precious');
    convertWeights(saved(), out, { to: 'timm', force: true });
    expect(readFileSync(out, 'utf8')).not.toBe('precious');
  });

  it('where nobody tells the input statistics that it would have to write down', () => {
    scope(() => store('vit-timm', 'augreg'));
    const hints = { heads: 2 };
    refused(() => convertWeights(original, place('out'), { to: 'transformers', hints }), 'Say it with --input');
    expect(convertWeights(original, place('out.safetensors'), { to: 'transformers', hints }).entries).toBeGreaterThan(
      0,
    );
  });

  it('to float16 for values that it does not hold', () => {
    const own = saved();
    scope(() => {
      const { tensors, metadata } = readSafetensors(own);
      writeSafetensors(original, { ...tensors, 'norm.weight': full([24], 70000, 'float32') }, metadata);
    });
    const to = 'dinov2';
    refused(
      () => convertWeights(original, place('x.pth'), { to, dtype: 'float16' }),
      'norm.weight: found a value of 70000',
    );
    expect(convertWeights(original, place('x.pth'), { to, dtype: 'bfloat16' }).dtype).toBe('bfloat16');
  });
});
