/** Images without labels for a pretraining that makes its own crops: lists of any length, none of them decoded in advance. */
import { resolve } from 'node:path';
import { contentHash, Interrupted, inputError } from '../../base/index.js';
import { listOf, openPictureSource, type PictureList, selectPictures } from '../../datasets/index.js';
import { ImageStore, naturalPreprocessing } from '../../imaging/index.js';
import type { PictureSource, SslInitialization } from '../config/schema.js';
import { prepareToPretrain, splitIndices, type UnreadableImage } from '../data/prepare.js';
import type { ExperimentContext } from '../parts/context.js';
import { findReadable } from './pretrain-data.js';

export interface UnlabelledImages {
  /** Readable ones alone. */
  images: PictureList[];
  unreadable: UnreadableImage[];
  fingerprint: string;
  description: string;
}

/** All pictures, the training radiographs of a data set, or both. Throws an InputError for radiographs from a cache. */
export async function openUnlabelled(context: ExperimentContext, start: SslInitialization): Promise<UnlabelledImages> {
  const { name, pictures = [], radiographs } = start;
  const images: PictureList[] = [];
  const unreadable: UnreadableImage[] = [];
  const fingerprints: string[] = [];
  const opened: { list: PictureList; store: ImageStore }[] = [];
  for (const source of pictures) {
    const list = await openSource(context, source);
    const store = new ImageStore(list, { ...naturalPreprocessing, size: LOOK }, { cacheBytes: 0 });
    opened.push({ list, store });
  }
  context.pictures.set(name, opened);
  for (const { list, store } of opened) {
    const found = await findReadable(context, name, store, { fingerprint: list.fingerprint(), id: (i) => list.id(i) });
    images.push(selectPictures(list, Uint32Array.from(found.readable)));
    unreadable.push(...found.unreadable);
    fingerprints.push(found.fingerprint);
  }
  if (radiographs) {
    if (radiographs.cache !== undefined) {
      throw inputError({
        what: `initialization '${name}': radiographs.cache`,
        found: radiographs.cache,
        expected: 'no cache: its crops are cut out of the whole radiographs',
        fix: 'Leave it out.',
      });
    }
    const prepared = await prepareToPretrain(context, name, radiographs);
    const train = [...splitIndices(prepared, 'train')].map((i) => {
      const { id, path } = prepared.radiographs[i]!;
      return { id, source: { kind: 'file', path } as const, label: -1 };
    });
    images.push(listOf({ name: radiographs.type, classes: [], pictures: train, notes: [] }));
    unreadable.push(...prepared.unreadable);
    fingerprints.push(prepared.fingerprint);
  }
  const count = images.reduce((sum, { length }) => sum + length, 0);
  const roots = [...pictures, ...(radiographs ? [radiographs] : [])].map(({ root }) => root);
  return {
    images,
    unreadable,
    fingerprint: contentHash(fingerprints),
    description: `${count.toLocaleString('en')} images (${roots.join(', ')})`,
  };
}

/** Side of what is made of an image to see whether it can be read, pixels. */
const LOOK = 16;

function openSource(
  context: ExperimentContext,
  { type, root, exclude, ...options }: PictureSource,
): Promise<PictureList> {
  const { dataRoot } = context;
  const stop = new AbortController();
  const opening = openPictureSource({
    ...options,
    source: resolve(dataRoot, root),
    kind: type,
    exclude: exclude.map((path) => resolve(dataRoot, path)),
    signal: stop.signal,
  });
  return context.stoppable(() => stop.abort(new Interrupted('stopped')), opening);
}
