/** What is left of each radiograph's thumbnail inside and outside the lungs, for the predictors that stand beside the models. */
import { join, resolve } from 'node:path';
import { inputError, readNpy, writeNpy } from '../../base/index.js';
import { type ImageReader, inverted, keepWhere, scan, thumbnail } from '../../imaging/index.js';
import { networkInput } from '../config/network-input.js';
import type { ExperimentContext } from '../parts/context.js';
import { partOf } from '../parts/part.js';
import type { Running } from '../parts/running.js';
import { type Masks, maskPath, openMasks } from './masks.js';
import { type LungThumbnails, type PreparedDataset, splitIndices, THUMBNAIL } from './prepare.js';

const CELLS = THUMBNAIL * THUMBNAIL;
/** Masks that a message names. */
const SHOWN = 5;

/**
 * Reads the masks of all training and test radiographs once, as a part of the data set's node, or gives the reason why there are none.
 * Throws an InputError that names masks that cannot be read.
 */
export async function lungThumbnails(
  context: ExperimentContext,
  prepared: PreparedDataset,
  { node, masks: folder }: { node: string; masks: string | undefined },
): Promise<LungThumbnails | { reason: string }> {
  if (folder === undefined) return { reason: 'the experiment names no masks of the lungs' };
  const { name, radiographs, store, fingerprint } = prepared;
  const { preprocessing } = networkInput(context.config);
  const rows = Int32Array.from([...splitIndices(prepared, 'train'), ...splitIndices(prepared, 'test')]);
  const root = resolve(context.dataRoot, folder);
  const masks = openMasks(root, radiographs, rows, preprocessing);
  if ('reason' in masks) return masks;
  const part = partOf(context.folder, `masks of ${name}`, { data: fingerprint, masks: masks.key });
  const path = join(part.folder, 'thumbnails.npy');
  const work = async ({ progress }: Running) => {
    const line = progress.start({ name: `read masks of ${name}`, total: rows.length, unit: 'images' });
    const values = new Float32Array(radiographs.length * 2 * CELLS).fill(Number.NaN);
    const { unreadable } = await scan(masked(store, masks, rows, values), {
      onProgress: (done) => {
        context.throwIfStopped();
        line.update(done);
      },
    });
    const pathOf = (i: number) => maskPath(root, radiographs[rows[i]!]!.id);
    const shown = unreadable.slice(0, SHOWN).map(({ index, reason }) => `${pathOf(index)} (${reason})`);
    if (unreadable.length > SHOWN) shown.push(`${unreadable.length - SHOWN} more`);
    if (shown.length > 0) {
      throw inputError({
        what: `${name}: masks`,
        found: `${unreadable.length} of ${rows.length} that cannot be read: ${shown.join(', ')}`,
        expected: 'readable images alone',
        fix: `Repair them, or leave out masks of ${name}.`,
      });
    }
    line.end(`${rows.length} masks read`);
    writeNpy(path, { shape: [radiographs.length, 2, CELLS], data: values });
    return { images: rows.length };
  };
  await context.finish({ node, part, work });
  const values = readNpy(path).data as Float32Array;
  const half = (which: number) =>
    Float32Array.from({ length: radiographs.length * CELLS }, (_, i) => {
      return values[(2 * Math.floor(i / CELLS) + which) * CELLS + (i % CELLS)]!;
    });
  return { lungOnly: half(0), lungFree: half(1) };
}

/** Reads images with their masks; both thumbnails of each go to `values` `[N, 2, 256]`. */
function masked(store: ImageReader, masks: Masks, rows: Int32Array, values: Float32Array): ImageReader {
  const { shape } = store;
  return {
    length: rows.length,
    shape,
    name: (i) => store.name(rows[i]!),
    read: async (i) => {
      const row = rows[i]!;
      const [pixels, mask] = await Promise.all([store.read(row), masks.read(row)]);
      for (const [which, own] of [mask, inverted(mask)].entries()) {
        values.set(thumbnail(keepWhere(pixels, shape, own), shape[1], THUMBNAIL), (2 * row + which) * CELLS);
      }
      return mask;
    },
  };
}
