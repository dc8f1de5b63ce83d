import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Classifier, createBackbone, type ModelConfig } from '../models/index.js';
import { type Module, setThreads } from '../torch/index.js';
import { NETWORKS } from './fixtures/tiny-training.js';
import { applyTuning, checkTuning, parameterGroups, TRAIN_EVERYTHING, type Tuning } from './tuning.js';

setThreads(1);
const made: Module[] = [];
const keep = <M extends Module>(module: M): M => {
  made.push(module);
  return module;
};
afterEach(() => {
  for (const module of made.splice(0)) module.free();
});

const tuned = (change: Partial<Tuning>): Tuning => ({ ...TRAIN_EVERYTHING, ...change });
const ADAPTERS = { rank: 2, alpha: 4, targets: ['qkv'] };
const ARCHITECTURES = Object.entries(NETWORKS) as [keyof typeof NETWORKS, ModelConfig][];

describe('layer-wise decay', () => {
  const original = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', 'layer-decay.json'), 'utf8'));

  function factors(config: ModelConfig, layerDecay: number): Record<string, number> {
    const model = keep(new Classifier(createBackbone(config), 4));
    const names = new Map([...model.namedParameters()].map(([name, it]) => [it, name.replace(/^backbone\./, '')]));
    const groups = parameterGroups(model, layerDecay);
    const all = groups.flatMap(({ parameters, learningRateScale = 1 }) =>
      parameters.map((parameter) => [names.get(parameter)!, learningRateScale] as const),
    );
    expect(all).toHaveLength(names.size);
    return Object.fromEntries(all);
  }

  const vit = {
    architecture: 'vit',
    imageSize: 16,
    patchSize: 8,
    dim: 8,
    depth: 3,
    heads: 2,
    layerScale: 1e-5,
  } as const;

  it.each([0.9, 0.65])('%d: every parameter has the factor that DINOv2 gives it', (decay) => {
    const ours = factors({ ...vit, registers: 2 }, decay);
    const theirs: Record<string, number> = original[`dinov2 ${decay}`];
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
    for (const [name, factor] of Object.entries(theirs)) expect(ours[name], name).toBeCloseTo(factor, 14);
  });

  it.each([0.9, 0.65])('%d: and timm, which counts the final norm to the last block', (decay) => {
    const { mask_token: _, ...ours } = factors(vit, decay);
    const theirs: Record<string, number> = original[`timm ${decay}`];
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
    for (const [name, factor] of Object.entries(theirs)) {
      expect(ours[name], name).toBeCloseTo(name.startsWith('norm.') ? 1 : factor, 14);
    }
  });

  it.each(ARCHITECTURES)('%s: from the head down to the embedding, layer by layer', (_, config) => {
    const ours = factors(config, 0.5);
    const backbone = keep(createBackbone(config));
    for (const [name, factor] of Object.entries(ours)) {
      const layer = name.startsWith('head.') ? backbone.depth + 1 : backbone.layerOf(name);
      expect(factor, name).toBe(0.5 ** (backbone.depth + 1 - layer));
    }
    expect(Math.min(...Object.values(ours))).toBe(0.5 ** (backbone.depth + 1));
  });

  it('1 keeps all parameters in one group, in the order of the model', () => {
    const model = keep(new Classifier(createBackbone(NETWORKS.vit), 2));
    expect(parameterGroups(model, 1)).toEqual([{ parameters: model.parameters() }]);
  });
});

describe('the parameters that train', () => {
  const trained = (config: ModelConfig, change: Partial<Tuning>): string[] => {
    const backbone = createBackbone(config);
    applyTuning(backbone, tuned(change));
    const model = keep(new Classifier(backbone, 2));
    const names = new Map([...model.namedParameters()].map(([name, it]) => [it, name]));
    return parameterGroups(model, change.layerDecay ?? 1).flatMap(({ parameters }) =>
      parameters.map((parameter) => names.get(parameter)!),
    );
  };
  const HEAD = ['head.weight', 'head.bias'];

  it.each(ARCHITECTURES)('%s: the head alone beside a frozen network', (_, config) => {
    expect(trained(config, { freeze: 'backbone' })).toEqual(HEAD);
  });

  it('all of the last block, the norm and the head, where the other blocks are frozen', () => {
    const prefixes = trained(NETWORKS.vit, { freeze: 2 }).map((name) => name.replace(/(\d|norm)\..*/, '$1'));
    expect(new Set(prefixes)).toEqual(new Set(['backbone.blocks.2', 'backbone.norm', ...HEAD]));
  });

  it.each([1, 0.5])('adapters and the head, with a decay of %d too', (layerDecay) => {
    const names = trained(NETWORKS.vit, { lora: { ...ADAPTERS, targets: ['qkv', 'fc2'] }, freeze: 1, layerDecay });
    const adapters = [1, 2].flatMap((i) =>
      ['attn.qkv', 'mlp.fc2'].flatMap((layer) => ['A', 'B'].map((it) => `backbone.blocks.${i}.${layer}.lora_${it}`)),
    );
    expect(names.sort()).toEqual([...adapters, ...HEAD].sort());
  });
});

describe('a tuning that the network has no place for', () => {
  it.each<[string, ModelConfig, Partial<Tuning>, RegExp]>([
    [
      'too many blocks',
      NETWORKS.vit,
      { freeze: 4 },
      /finetuning\.freeze: found 4; expected 0 to 3, or backbone, for this vit/,
    ],
    [
      'adapters in what is frozen',
      NETWORKS.vit,
      { freeze: 'backbone', lora: ADAPTERS },
      /finetuning\.lora: .*no block/,
    ],
    ['adapters after the last block', NETWORKS.vit, { freeze: 3, lora: ADAPTERS }, /finetuning\.lora: .*no block/],
    ['adapters in a ResNet', NETWORKS.resnet, { lora: ADAPTERS }, /finetuning\.lora: found a resnet .*convolutions/],
    [
      'adapters in a DenseNet',
      NETWORKS.densenet,
      { lora: ADAPTERS },
      /finetuning\.lora: found a densenet .*convolutions/,
    ],
    [
      'layers of another network',
      NETWORKS.convnext,
      { lora: ADAPTERS },
      /finetuning\.lora\.targets: found qkv; expected linear layers of this convnext .*: pwconv1, pwconv2/,
    ],
  ])('%s', (_, config, change, message) => {
    const backbone = keep(createBackbone(config));
    expect(() => checkTuning(backbone, tuned(change))).toThrow(message);
    expect(() => applyTuning(backbone, tuned(change))).toThrow(message);
    expect(backbone.parameters().every(({ requiresGrad }) => requiresGrad)).toBe(true);
  });
});
