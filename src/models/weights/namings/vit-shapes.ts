/** What the shapes of a vision transformer's entries tell, whatever they are called. */
import { inputError } from '../../../base/index.js';
import type { ModelConfig } from '../../config.js';
import { fits, type Hints, type Shapes } from './naming.js';

/** The entries that tell how a vision transformer is built, under the names of one code base. */
export interface VitEntries {
  /** `[D, C, P, P]` */
  patches: string;
  /** A template: one for each block. */
  block: string;
  /** There where queries, keys and values have a bias. */
  bias: string;
  /** There where the branches are scaled. */
  layerScale: string;
  /** `[hidden, D]`, or `[2 * hidden, D]` where the values are gated. */
  inner: string;
  /** `[D, hidden]` */
  outer: string;
}

/** The config of a network whose patches lie in a grid of `side` by `side`. Throws an InputError that names the entry. */
export function vitConfig(
  shapes: Shapes,
  entries: VitEntries,
  side: number,
  hints: Hints,
): Extract<ModelConfig, { architecture: 'vit' }> {
  const [dim, channels, patchSize] = shapeOf(shapes, entries.patches, 4) as [number, number, number];
  const [rows] = shapeOf(shapes, entries.inner, 2) as [number];
  const [, hidden] = shapeOf(shapes, entries.outer, 2) as [number, number];
  const heads = hints.heads ?? headsOfWidth(dim);
  return {
    architecture: 'vit',
    imageSize: side * patchSize,
    patchSize,
    channels,
    dim,
    depth: [...shapes.keys()].filter((name) => fits(name, entries.block)).length,
    ...(heads !== undefined && { heads }),
    feedForward: rows === 2 * hidden ? 'swiglu' : 'mlp',
    hidden,
    qkvBias: shapes.has(entries.bias),
    layerScale: shapes.has(entries.layerScale) ? 1e-5 : null,
  };
}

/** Published widths whose heads are not 64 wide: ViT-H, ViT-g and ViT-G (Dosovitskiy et al., 2021; Zhai et al., 2022). */
const WIDE_HEADS: Readonly<Record<number, number>> = { 1280: 16, 1408: 16, 1664: 16 };

/** Heads as published for a width; undefined where it is none of a published network, and the person must say. */
function headsOfWidth(dim: number): number | undefined {
  return WIDE_HEADS[dim] ?? (dim % 64 === 0 ? dim / 64 : undefined);
}

/** The shape of an entry. Throws an InputError where it is absent or of another rank. */
export function shapeOf(shapes: Shapes, name: string, rank: number): readonly number[] {
  const shape = shapes.get(name);
  if (shape?.length === rank) return shape;
  throw inputError({ what: name, found: shape ? `[${shape}]` : 'nothing', expected: `a tensor of ${rank} dimensions` });
}

/** The side of the square grid of `count` patches; undefined where they are none. */
export function sideOf(count: number): number | undefined {
  const side = Math.sqrt(count);
  return count > 0 && Number.isInteger(side) ? side : undefined;
}

/** The grid of a position embedding `[1, count, D]` of `tokens` tokens before the patches, or of the patches alone. */
export function gridOf(shapes: Shapes, name: string, tokens: readonly number[]): number {
  const [, count] = shapeOf(shapes, name, 3) as [number, number];
  const side = tokens.map((before) => sideOf(count - before)).find((each) => each !== undefined);
  if (side !== undefined) return side;
  throw inputError({
    what: name,
    found: `[${shapes.get(name)}]`,
    expected: `positions of a square grid of patches, after ${tokens.join(' or ')} of other tokens`,
  });
}

/** Throws an InputError with the reason where a part is there that hilum's vision transformer does not have. */
export function refuseParts(shapes: Shapes, reasons: Readonly<Record<string, string>>): void {
  for (const [template, reason] of Object.entries(reasons)) {
    const name = [...shapes.keys()].find((each) => fits(each, template));
    if (name === undefined) continue;
    throw inputError({
      what: name,
      found: reason,
      expected: 'a vision transformer with a class token, absolute positions and one norm after the blocks',
      fix: 'Take other weights: this network is none that hilum has.',
    });
  }
}
