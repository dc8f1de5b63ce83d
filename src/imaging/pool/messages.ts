/** What pools and their threads say to each other. */
import type { PackedError } from '../../base/index.js';
import type { DecodedImage } from '../image.js';
import type { EncodedSource } from '../part.js';
import type { Rendered, Rendition } from '../render.js';

/** An image source without functions, which threads cannot be given. */
export type PlainSource = EncodedSource | { kind: 'pixels'; image: DecodedImage };

/** Where in an open file the bytes of a rendition go. */
export interface Place {
  fd: number;
  position: number;
}

/** What is asked of a thread of the ImagePool. */
export interface Request {
  source: PlainSource;
  /** None: the image is decoded, to see whether it can be. */
  renditions: readonly Rendition[];
  /** One per rendition: the pixels are written there instead of being sent back. */
  places?: readonly Place[];
}

/** Of a rendition that was written: its size alone. */
export type Written = Omit<Rendered, 'pixels'>;

export type Answer<Result> =
  | { type: 'ready' }
  | { type: 'done'; result: Result }
  | { type: 'failed'; image?: { image: string; reason: string; expected: string }; error: PackedError };
