import type { Radiograph } from '../../datasets/index.js';

/** Indices of the radiographs of a split. In a file of its own: threads that test need nothing else of data sets. */
export function splitIndices(
  { radiographs }: { radiographs: readonly Pick<Radiograph, 'split'>[] },
  split: Radiograph['split'],
): Int32Array {
  return Int32Array.from(radiographs.keys()).filter((i) => radiographs[i]!.split === split);
}
