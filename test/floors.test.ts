import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { circles, type Import, importsBelow, importsOf } from './imports.js';

/** The house of docs/architecture.md, from the ground up: a room imports only from floors below its own. */
const FLOORS = [
  ['src/base'],
  ['src/torch', 'src/hub', 'src/documents'],
  ['src/imaging'],
  ['src/datasets', 'src/models', 'src/evaluation', 'src/phantoms', 'src/pages'],
  ['src/features', 'src/training', 'src/browse'],
  ['src/ssl'],
  ['src/pretraining'],
  ['src/experiments', 'src/deploy', 'src/compare'],
  ['src/index.ts'],
  ['cli', 'bench', 'web'],
];

/** Inside a room, from the ground up: files or folders of these names; the others there are free. */
const LAYERS: Record<string, string[][]> = {
  'src/torch': [['binding'], ['tensor'], ['nn', 'optim']],
  'src/experiments': [
    ['result'],
    ['config'],
    ['parts'],
    ['data'],
    ['starts'],
    ['finetuning'],
    ['testing'],
    ['run-graph'],
    ['planning', 'report'],
    ['export'],
    ['slurm'],
  ],
};

const FOLDERS = ['src', 'cli', 'bench', 'web'];
const isTest = (path: string) => path.endsWith('.test.ts');
const isLocal = (path: string) => /^(src|cli|bench|web|test)\//.test(path);

function roomOf(path: string): string {
  return path.startsWith('src/') ? path.split('/').slice(0, 2).join('/') : path.split('/')[0]!;
}

function floorOf(room: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(room));
}

function layerOf(path: string): number {
  const name = /^src\/[^/]+\/([^/.]+)/.exec(path)?.[1] ?? '';
  return LAYERS[roomOf(path)]?.findIndex((names) => names.includes(name)) ?? -1;
}

/** What is wrong with an import as seen from the floors, in words; undefined where nothing is. */
function fault({ from, to }: Import): string | undefined {
  if (!isLocal(to)) return to.startsWith('..') ? `${from} imports ${to}, which is outside the repository` : undefined;
  const [room, other] = [roomOf(from), roomOf(to)];
  if (floorOf(room) < 0) return `${from} is in no room of the house; add ${room} to its floor here`;
  if (other === 'test') return isTest(from) ? undefined : `${from} imports ${to}, which is for tests`;
  if (other === room) {
    const [layer, otherLayer] = [layerOf(from), layerOf(to)];
    return layer >= 0 && otherLayer > layer ? `${from} imports ${to}: upwards within ${room}` : undefined;
  }
  if (floorOf(other) < 0) return `${from} imports ${to}, which is in no room of the house`;
  if (floorOf(other) === floorOf(room)) return `${from} imports ${to}: rooms of one floor do not know each other`;
  if (floorOf(other) > floorOf(room)) return `${from} imports ${to}: upwards`;
  if (to !== other && to !== `${other}/index.ts`) return `${from} imports ${to}: rooms are entered by their index.ts`;
  return undefined;
}

const faults = (imports: Import[]) => imports.map(fault).filter((text) => text !== undefined);

describe('the house', () => {
  const imports = importsBelow(resolve(import.meta.dirname, '..'), FOLDERS);

  it('has imports that only point down, through the index of a room', () => {
    expect(imports.length).toBeGreaterThan(10);
    expect(faults(imports)).toEqual([]);
  });

  it('has no circles among its files', () => {
    expect(circles(imports)).toEqual([]);
  });

  it.each(Object.entries(LAYERS))('has the layers of %s that are checked here', (room, layers) => {
    const files = imports.map(({ from }) => from).filter((path) => path.startsWith(`${room}/`) && !isTest(path));
    const present = new Set(files.map(layerOf).filter((layer) => layer >= 0));
    expect([...present].sort((a, b) => a - b)).toEqual(layers.map((_, layer) => layer));
  });

  it('keeps evaluation to numbers: it imports base, and torch for its arithmetic', () => {
    const others = imports.filter(({ from, to }) => from.startsWith('src/evaluation/') && isLocal(to));
    const rooms = new Set(others.map(({ to }) => roomOf(to)));
    expect([...rooms].filter((room) => !['src/evaluation', 'src/base', 'src/torch', 'test'].includes(room))).toEqual(
      [],
    );
  });
});

describe('the check itself', () => {
  const faultsOf = (path: string, text: string) => faults(importsOf(path, text));

  it.each([
    ['upwards', 'src/torch/tensor.ts', `import { vit } from '../models/index.js';`],
    ['upwards', 'src/base/files.ts', `export { run } from "../../cli/main.js";`],
    ['upwards', 'src/training/fit.ts', `import type {\n  Report,\n  Verdict,\n} from '../experiments/index.js';`],
    ['upwards', 'src/ssl/loop.ts', `const { x } = await import('../deploy/index.js');`],
    ['upwards', 'src/training/run.ts', `new Worker(new URL('../ssl/worker.js', import.meta.url));`],
    ['within src/torch', 'src/torch/tensor.ts', `import { Linear } from './nn/index.js';`],
    ['within src/torch', 'src/torch/binding/load.ts', `import { Tensor } from '../tensor/tensor.js';`],
    ['within src/experiments', 'src/experiments/config/x.ts', `import { Part } from '../parts/part.js';`],
    ['one floor', 'src/models/vit.ts', `import { FINDINGS } from '../datasets/index.js';`],
    ['one floor', 'cli/main.ts', `import '../bench/run.js';`],
    ['index.ts', 'src/imaging/resize.ts', `import { Tensor } from '../torch/tensor.js';`],
    ['for tests', 'src/imaging/resize.ts', `import { sharedData } from '../../test/shared-data.js';`],
    ['no room', 'src/utils/x.ts', `import { Random } from '../base/index.js';`],
    ['outside', 'src/base/x.ts', `import { y } from '../../../elsewhere/y.js';`],
  ])('finds what is wrong: %s', (word, path, text) => {
    expect(faultsOf(path, text)).toEqual([expect.stringContaining(word)]);
  });

  it('lets pass what is right', () => {
    const text = `
      import { readFileSync } from 'node:fs';
      // import { vit } from '../experiments/index.js';
      /* export { vit } from '../experiments/index.js'; */
      import { Random } from '../base/index.js';
      import { Tensor, type Shape } from '../torch/index.js';
      import { Linear } from './linear.js';`;
    expect(faultsOf('src/models/vit.ts', text)).toEqual([]);
    expect(importsOf('src/models/vit.ts', text)).toHaveLength(4);
    expect(faultsOf('src/models/vit.test.ts', `import { sharedData } from '../../test/shared-data.js';`)).toEqual([]);
  });

  it('finds a circle', () => {
    const three = [
      ...importsOf('src/base/a.ts', `import './b.js';`),
      ...importsOf('src/base/b.ts', `import './c.js';`),
      ...importsOf('src/base/c.ts', `import './b.js';`),
    ];
    expect(circles(three)).toEqual([['src/base/b.ts', 'src/base/c.ts', 'src/base/b.ts']]);
    expect(circles(three.slice(0, 2))).toEqual([]);
  });
});
