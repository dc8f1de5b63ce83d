/** The study files as they are rehearsed: what is made smaller, and nothing else. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import type { Document } from '../tiny-experiment.js';

/** Sides in place of the published ones; the smaller one suits patches of 14 and of 16. */
const SIDES: Record<number, number> = { 224: 112, 512: 160 };
/** Two epochs, at a rate at which their few batches teach something. */
const BRIEF = { epochs: 2, learningRate: 1e-3 };

/**
 * A study file of `experiments/` on the CPU: small images, two epochs at a higher learning rate, its pretraining in batches of 16, 200 redraws,
 * subgroups of three.
 * Data sets, findings, weights, networks, starts, recipes and tests are those of the file.
 */
export function rehearsed(name: string): Document {
  const document: Document = parse(readFileSync(resolve(import.meta.dirname, '../../experiments', name), 'utf8'));
  const smaller = (size: number) => SIDES[size]!;
  document.device = 'cpu';
  document.model.imageSize = smaller(document.model.imageSize);
  if (document.matrix) document.matrix.imageSize = document.matrix.imageSize.map(smaller);
  for (const start of document.initializations) {
    if (start.imageSizes) start.imageSizes = start.imageSizes.map(smaller);
    // Its first step moves the head alone, which begins at zero: the epoch that is kept must have more than one.
    if (start.training) Object.assign(start.training, BRIEF, { batchSize: 16 });
  }
  Object.assign(document.finetuning, BRIEF);
  Object.assign(document.statistics, { redraws: 200, smallestGroup: 3 });
  return document;
}

/** What `hilum data prepare` is called with so that a rehearsed file finds its caches, by data set. */
export function prepareCommands({ datasets, model, matrix }: Document, root: string): string[][] {
  const sizes: number[] = matrix?.imageSize ?? [model.imageSize];
  return datasets.map((it: Document) => {
    const folders = ['--root', join(root, it.root), '--out', join(root, it.cache), '--size', sizes.join(',')];
    return ['data', 'prepare', it.type, ...folders];
  });
}
