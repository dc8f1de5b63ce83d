/** The images of a pretraining: all sources one after the other, and what a look at some of them tells. */
import { inputError } from '../base/index.js';
import { type IndexProgress, openPictureSource, type PictureList } from '../datasets/index.js';
import { type DecodedImage, decode, ImageError, type ImageList, type ImageSource } from '../imaging/index.js';
import type { PretrainingConfig } from './schema.js';

export interface OpenOptions {
  signal?: AbortSignal;
  onIndex?(source: string, progress: IndexProgress): void;
}

/** Several lists as one. */
export class Images implements ImageList {
  readonly length: number;

  constructor(readonly lists: readonly PictureList[]) {
    this.length = lists.reduce((sum, { length }) => sum + length, 0);
  }

  at(index: number): ImageSource | undefined {
    if (!(index >= 0 && index < this.length)) return undefined;
    const { list, own } = this.place(index);
    return list.at(own);
  }

  id(index: number): string {
    const { list, own } = this.place(index);
    return this.lists.length > 1 ? `${list.name}/${list.id(own)}` : list.id(own);
  }

  /** Changes with any image. */
  fingerprints(): string[] {
    return this.lists.map((list) => list.fingerprint());
  }

  private place(index: number): { list: PictureList; own: number } {
    let own = index;
    for (const list of this.lists) {
      if (own < list.length) return { list, own };
      own -= list.length;
    }
    throw new RangeError(`image ${index} is not in 0..${this.length - 1}`);
  }
}

/** Opens all sources. Throws an InputError where there is none, and as `openPictureSource`. */
export async function openImages(data: PretrainingConfig['data'], options: OpenOptions = {}): Promise<Images> {
  if (data.length === 0) {
    throw inputError({
      what: 'data',
      found: 'no source of images',
      expected: 'one at least',
      fix: 'Give --data FOLDER.',
    });
  }
  const lists: PictureList[] = [];
  for (const source of data) {
    const onProgress = (progress: IndexProgress) => options.onIndex?.(source.source, progress);
    lists.push(await openPictureSource({ ...source, signal: options.signal, onProgress }));
  }
  return new Images(lists);
}

/** What some images are like. */
export interface Survey {
  looked: number;
  /** Of those that can be read. */
  gray: number;
  /** Whose shorter side is below the size of the global crops. */
  small: number;
  unreadable: { id: string; reason: string }[];
}

const LOOK_AT = 24;

/** Looks at images, at even distances. Throws an InputError where none of them can be read. */
export async function survey(images: Images, globalSize: number): Promise<Survey> {
  const looked = Math.min(LOOK_AT, images.length);
  const found: Survey = { looked, gray: 0, small: 0, unreadable: [] };
  for (let i = 0; i < looked; i++) {
    const index = Math.floor((i * images.length) / looked);
    try {
      const image = await decode(images.at(index)!);
      if (isGray(image)) found.gray++;
      if (Math.min(image.width, image.height) < globalSize) found.small++;
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      found.unreadable.push({ id: images.id(index), reason: error.reason });
    }
  }
  const [first] = found.unreadable;
  if (found.unreadable.length < looked) return found;
  throw inputError({
    what: 'data',
    found: `none that can be read among ${looked} of ${images.length} images (the first: ${first!.id}: ${first!.reason})`,
    expected: 'images that can be read',
    fix: 'Try: hilum data check.',
  });
}

/** Whether all colours are equal: one channel, or three of the same. */
function isGray({ channels, data, width, height }: DecodedImage): boolean {
  if (channels === 1) return true;
  const pixels = width * height;
  for (let i = 0; i < pixels; i++) if (data[i] !== data[pixels + i] || data[i] !== data[2 * pixels + i]) return false;
  return true;
}
