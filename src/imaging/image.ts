import { InputError, inputError } from '../base/index.js';

/** Where an image comes from: a file, or pixels that are already at hand, such as one record of CIFAR-10. */
export type ImageSource =
  | { kind: 'file'; path: string }
  | {
      kind: 'pixels';
      /** What errors call the image, e.g. `data_batch_1.bin record 17`. */
      name: string;
      width: number;
      height: number;
      channels: 1 | 3;
      /** 8-bit pixels, `[C, H, W]`. */
      read(): Uint8Array;
    };

/** Pixels as stored, planar `[C, H, W]`, 0..maximum: 8-bit images stay at 8 bits, 16-bit ones at 16. */
export interface DecodedImage {
  width: number;
  height: number;
  channels: 1 | 3;
  maximum: 255 | 65535;
  data: Uint8Array | Uint16Array;
  /** What a reader of the image should know, e.g. `frame 1 of 5`. */
  notes?: readonly string[];
  /**
   * Where `data` holds indices: what each stands for, 0..maximum. Only 16-bit images of one channel that were decoded for a target come
   * so, and only until `resize`, which looks up while it averages.
   */
  table?: Uint16Array;
  /** Whether a decoder that was told the size wanted gave half the stored width and height. */
  halved?: true;
}

/**
 * The file formats that `decode` reads, with the usual endings of their names, in the order in which they are asked: DICOM
 * may begin as TIFF (PS3.10, 7.1).
 */
const formats = {
  PNG: ['.png'],
  JPEG: ['.jpg', '.jpeg'],
  DICOM: ['.dcm', '.dicom'],
  TIFF: ['.tif', '.tiff'],
  WebP: ['.webp'],
  'JPEG 2000': ['.jp2', '.j2k'],
} as const;

export type FormatName = keyof typeof formats;
export const formatNames = Object.keys(formats) as FormatName[];

/** Endings, lower case, of the names of files that may be images; what a file is, its content says. */
export const imageEndings: readonly string[] = Object.values(formats).flat();

/** What is wrong with an encoded image, as a noun phrase for ImageError. */
export class RasterError extends Error {}

/** An image that cannot be read. Callers may list it and go on with the others. */
export class ImageError extends InputError {
  override name = 'ImageError';

  constructor(
    /** The file, or the name of the pixel source. */
    readonly image: string,
    /** What was found instead of an image, e.g. `an empty file`. */
    readonly reason: string,
    readonly expected = `a complete image (${formatNames.join(', ')})`,
  ) {
    super(inputError({ what: image, found: reason, expected }).message);
  }
}

/** The name by which errors and reports call an image. */
export function nameOf(source: ImageSource): string {
  return source.kind === 'file' ? source.path : source.name;
}
