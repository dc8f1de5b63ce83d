/** The published study and its sequel as files: complete, and as the facts say. */
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { experimentGraph, loadExperiment } from '../src/experiments/index.js';
import { findPublished } from '../src/models/index.js';

const load = (name: string) => loadExperiment(resolve(import.meta.dirname, '../experiments', name), '/data').config;

/** The numbers of findings in the reference code. */
const FINDINGS = { 'VinDr-CXR': 11, 'ChestX-ray14': 14, CheXpert: 10, 'MIMIC-CXR': 10, PadChest: 17 };

describe('study-2024.yaml', () => {
  const config = load('study-2024.yaml');
  const graph = experimentGraph(config);

  it('has its six data sets with the findings of the reference code', () => {
    const counts = config.datasets.map(({ name, findings }) => [name, findings?.length]);
    expect(Object.fromEntries(counts)).toEqual({ ...FINDINGS, 'UKA-CXR': undefined });
    expect(counts).toHaveLength(6);
  });

  it('starts from DINOv2, ImageNet-21k and MIMIC-CXR, with values 0..1', () => {
    const [dinov2, imagenet, mimic] = config.initializations;
    expect(dinov2).toMatchObject({ from: 'weights', file: 'dinov2_vitb14' });
    expect(imagenet).toMatchObject({ from: 'weights', file: 'vit_base_patch16_224.augreg_in21k' });
    expect(mimic).toMatchObject({ from: 'supervised', start: { file: 'vit_base_patch16_224.augreg_in21k' } });
    expect(mimic).toMatchObject({ radiographs: { type: 'mimic-cxr', findings: { length: 7 } } });
    expect(config.model).toMatchObject({ imageSize: 224, input: 'none' });
  });

  it('trains by its recipe, from MIMIC-CXR too', () => {
    const recipe = { epochs: 100, batchSize: 32, learningRate: 1e-5, schedule: 'constant', weightDecay: 0, clip: null };
    const augmentation = { flip: 0.5, rotation: 7, scale: [1, 1], contrast: 0, brightness: 0 };
    expect(config.finetuning).toMatchObject({ ...recipe, augmentation, select: 'loss', freeze: 0, lora: null });
    expect(config.finetuning.loss).toMatchObject({ type: 'cross-entropy', posWeight: true, smoothing: 0 });
    expect(config.initializations[2]).toMatchObject({ training: { ...recipe, dropPath: 0, warmup: 0, augmentation } });
    expect(config.statistics).toMatchObject({ redraws: 1000, threshold: 'youden', correction: 'benjamini-hochberg' });
  });

  it('pretrains on MIMIC-CXR once, before it is used, and never fine-tunes on it again', () => {
    const of = (kind: string) => graph.filter((node) => node.kind === kind);
    expect(of('finetuning')).toHaveLength(3 * 6 - 1);
    expect(of('pretraining')).toHaveLength(1);
    expect(of('test')).toHaveLength(6);
    const started = of('finetuning').filter(
      (node) => 'initialization' in node && node.initialization === 'MIMIC-CXR-supervised',
    );
    expect(started).toHaveLength(5);
    for (const { needs } of started) expect(needs).toContain('pretrain/MIMIC-CXR-supervised/seed-1');
    expect(graph.find(({ id }) => id === 'data/MIMIC-CXR-supervised')!.needs).toHaveLength(6);
  });
});

describe('study-2025.yaml', () => {
  const config = load('study-2025.yaml');
  const graph = experimentGraph(config);

  it('has its data sets, networks and sizes', () => {
    const counts = config.datasets.map(({ name, findings }) => [name, findings?.length]);
    expect(Object.fromEntries(counts)).toEqual({ ...FINDINGS, PadChest: undefined });
    expect(config.matrix).toEqual({ imageSize: [224, 512] });
    const runs = graph.filter((node) => node.kind === 'finetuning');
    expect(runs.filter(({ setting }) => setting === '224px')).toHaveLength(5 * 5);
    expect(runs.filter(({ setting }) => setting === '512px')).toHaveLength(4 * 5);
    expect(graph.filter((node) => node.kind === 'dataset')).toHaveLength(2 * 5);
    expect(graph.filter((node) => node.kind === 'external')).toHaveLength(5 * 5 * 4);
  });
});

it.each(['study-2024.yaml', 'study-2025.yaml'])('%s reads images that were prepared once', (name) => {
  const { datasets, initializations } = load(name);
  const cacheOf = new Map(datasets.map(({ root, cache }) => [root, cache]));
  expect(new Set(cacheOf.values()).size).toBe(datasets.length);
  expect([...cacheOf.values()]).not.toContain(undefined);
  for (const start of initializations) {
    if (start.from !== 'supervised') continue;
    expect(start.radiographs!.cache).toBe(cacheOf.get(start.radiographs!.root));
  }
});

it.each(['study-2024.yaml', 'study-2025.yaml'])('the weights that %s names are published', (name) => {
  for (const start of load(name).initializations) {
    const file = start.from === 'weights' ? start.file : start.from === 'supervised' ? start.start?.file : undefined;
    expect(file && findPublished(file)?.title, file).toBeTruthy();
  }
});
