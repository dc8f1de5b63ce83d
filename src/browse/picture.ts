/** Pixels as pictures inside a page. */
import sharp from 'sharp';
import type { DecodedImage } from '../imaging/index.js';

/** A picture ready for a page. */
export interface Picture {
  width: number;
  height: number;
  /** `data:` address that holds the whole picture. */
  src: string;
}

/** 8-bit gray pixels `[H, W]`. */
export interface GrayPixels {
  width: number;
  height: number;
  data: Uint8Array;
}

/** The exact pixels, as PNG. */
export async function exactPicture(pixels: GrayPixels): Promise<Picture> {
  const bytes = await grayImage(pixels).png({ compressionLevel: 9 }).toBuffer();
  return { width: pixels.width, height: pixels.height, src: dataAddress('png', bytes) };
}

/** Good to look at and small, as lossy WebP; reduced so that neither side is over `longest`. */
export async function smallPicture(pixels: GrayPixels, longest: number, quality = 80): Promise<Picture> {
  const { data, info } = await grayImage(pixels)
    .resize({ width: longest, height: longest, fit: 'inside', withoutEnlargement: true })
    .webp({ quality, effort: 4 })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, src: dataAddress('webp', data) };
}

/** Square 8-bit pixels `[3, side, side]`, good to look at and small, as lossy WebP. */
export async function colorPicture(planar: Uint8Array, side: number, quality = 80): Promise<Picture> {
  const area = side * side;
  const pixels = Uint8Array.from(planar, (_, i) => planar[(i % 3) * area + Math.floor(i / 3)]!);
  const raw = { width: side, height: side, channels: 3 } as const;
  const bytes = await sharp(pixels, { raw }).webp({ quality, effort: 4 }).toBuffer();
  return { width: side, height: side, src: dataAddress('webp', bytes) };
}

/** A gray image `[1, H, W]` whose darkest pixel becomes black and whose lightest becomes white, whatever its bit depth. */
export function spread({ width, height, data }: DecodedImage, { minimum, maximum }: GrayRange): GrayPixels {
  const scale = 255 / Math.max(1, maximum - minimum);
  const table = Uint8Array.from({ length: maximum + 1 }, (_, level) => Math.round((level - minimum) * scale));
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) out[i] = table[data[i]!]!;
  return { width, height, data: out };
}

export interface GrayRange {
  minimum: number;
  maximum: number;
}

export function grayRange(data: Uint8Array | Uint16Array): GrayRange {
  let [minimum, maximum] = [data[0]!, data[0]!];
  for (let i = 1; i < data.length; i++) {
    const level = data[i]!;
    if (level < minimum) minimum = level;
    else if (level > maximum) maximum = level;
  }
  return { minimum, maximum };
}

function grayImage({ width, height, data }: GrayPixels) {
  return sharp(data, { raw: { width, height, channels: 1 } }).toColourspace('b-w');
}

function dataAddress(type: 'png' | 'webp', bytes: Buffer): string {
  return `data:image/${type};base64,${bytes.toString('base64')}`;
}
