import { InputError, inputError } from '../base/index.js';

/**
 * Where an image comes from: a file, a part of one, or pixels that are already at hand, such as one record of CIFAR-10.
 */
export type ImageSource =
  | { kind: 'file'; path: string }
  | ImagePart
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

/** An image within a file: a member of an archive, a value of a table. It is read where it lies, without unpacking. */
export interface ImagePart {
  kind: 'part';
  /** What errors call the image, e.g. `train-000001.tar/dog/17.jpg`. */
  name: string;
  path: string;
  /** Its first byte and their number: in the file, or, where there is a `block`, in what the block is when decompressed. */
  offset: number;
  length: number;
  block?: CompressedBlock;
}

/** A stretch of a file that is compressed as a whole. */
export interface CompressedBlock {
  offset: number;
  length: number;
  codec: BlockCodec;
  /** Bytes when decompressed. */
  size: number;
}

/** The compressions of Parquet, by its names. */
export const BLOCK_CODECS = ['SNAPPY', 'GZIP', 'BROTLI', 'ZSTD', 'LZ4', 'LZ4_RAW'] as const;
export type BlockCodec = (typeof BLOCK_CODECS)[number];

/** Images by index, of which there may be too many for an array of objects. Arrays of sources are lists too. */
export interface ImageList {
  readonly length: number;
  /** The image at `index`, 0 to length - 1; undefined beyond. */
  at(index: number): ImageSource | undefined;
}

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
