import { Random } from '../../base/index.js';
import {
  type ImageReader,
  type ImageShape,
  inverted,
  keepBorder,
  keepCentre,
  keepWhere,
  lowPass,
  shufflePatches,
} from '../../imaging/index.js';
import type { Masks } from '../data/masks.js';
import type { Degradation } from '../result/index.js';

/** What is done to the images of a test split, and what it is called. */
export interface ImageDegradation {
  description: string;
  /** Everything that the pixels depend on besides the images. */
  key: unknown;
  /** `[C, H, W]`, 0..255; the image must not be changed. */
  degrade(pixels: Uint8Array, index: number): Uint8Array | Promise<Uint8Array>;
}

/** Share of a side that counts as frame: markers and collimator edges lie there, hardly any lung. */
const FRAME = 0.1;
/** Grids that divide usual image sizes, in order of preference. */
const GRIDS = [7, 8, 6, 9, 5, 10];
/** As the thumbnail that the shortcut predictors see. */
const LOW_PASS = 16;

/** How the images of a shape are degraded; `idOf` an image fixes its order of patches. Masks are needed for the lungs alone. */
export function imageDegradation(
  degradation: Degradation,
  shape: ImageShape,
  { seed, idOf, masks }: { seed: number; idOf(index: number): string; masks?: Masks },
): ImageDegradation {
  const [, height, width] = shape;
  const side = Math.min(height, width);
  const frame = Math.max(1, Math.round(FRAME * side));
  const grid = GRIDS.find((n) => height % n === 0 && width % n === 0) ?? 8;
  const cells = Math.min(LOW_PASS, side);
  const lungs = (index: number) => masks!.read(index);
  switch (degradation) {
    case 'border':
      return {
        description: `the outer ${frame} of ${side} pixels on each side; the rest is black`,
        key: { frame },
        degrade: (pixels) => keepBorder(pixels, shape, frame),
      };
    case 'centre':
      return {
        description: `all but the outer ${frame} of ${side} pixels on each side, which are black`,
        key: { frame },
        degrade: (pixels) => keepCentre(pixels, shape, frame),
      };
    case 'shuffled':
      return {
        description: `${grid} x ${grid} patches in a random order, another one for each image`,
        key: { grid, seed },
        degrade: (pixels, index) => shufflePatches(pixels, shape, grid, Random.of(seed, 'shuffle', idOf(index))),
      };
    case 'low-pass':
      return {
        description: `the means of ${cells} x ${cells} areas, interpolated`,
        key: { cells },
        degrade: (pixels) => lowPass(pixels, shape, cells),
      };
    case 'lung-only':
      return {
        description: 'the lungs; the rest is black',
        key: masks!.key,
        degrade: async (pixels, index) => keepWhere(pixels, shape, await lungs(index)),
      };
    case 'lung-free':
      return {
        description: 'all but the lungs, which are black',
        key: masks!.key,
        degrade: async (pixels, index) => keepWhere(pixels, shape, inverted(await lungs(index))),
      };
  }
}

/** Images of a reader, each degraded as it is read. */
export class DegradedImages implements ImageReader {
  constructor(
    private readonly images: ImageReader,
    private readonly degradation: ImageDegradation,
  ) {}

  get length(): number {
    return this.images.length;
  }

  get shape(): ImageReader['shape'] {
    return this.images.shape;
  }

  name(index: number): string {
    return this.images.name(index);
  }

  async read(index: number): Promise<Uint8Array> {
    return this.degradation.degrade(await this.images.read(index), index);
  }
}
