import { parseNumber } from './cells.js';
import { note } from './note.js';
import type { Box } from './radiograph.js';

type Where = () => string;

/** A box of four cells: top left corner and size, in pixels. Throws an InputError for a cell that is not a number. */
export function boxOfSize(finding: string, cells: Record<'x' | 'y' | 'width' | 'height', string>, where: Where): Box {
  const [x, y] = [parseNumber(cells.x, where), parseNumber(cells.y, where)];
  return { finding, x, y, width: parseNumber(cells.width, where), height: parseNumber(cells.height, where) };
}

/** A box of four cells: its corners, in pixels. Throws an InputError for a cell that is not a number. */
export function boxOfCorners(
  finding: string,
  cells: Record<'x_min' | 'y_min' | 'x_max' | 'y_max', string>,
  where: Where,
): Box {
  const [x, y] = [parseNumber(cells.x_min, where), parseNumber(cells.y_min, where)];
  const [right, bottom] = [parseNumber(cells.x_max, where), parseNumber(cells.y_max, where)];
  return { finding, x, y, width: right - x, height: bottom - y };
}

const NONE: readonly Box[] = [];

/** The boxes of a data set by image id. Boxes without area are left out and noted. */
export class BoxIndex {
  readonly #boxes = new Map<string, Box[]>();
  readonly #empty: string[] = [];

  add(id: string, box: Box): void {
    if (!(box.width > 0 && box.height > 0)) {
      this.#empty.push(id);
      return;
    }
    const boxes = this.#boxes.get(id);
    if (boxes) boxes.push(box);
    else this.#boxes.set(id, [box]);
  }

  of(id: string): readonly Box[] {
    return this.#boxes.get(id) ?? NONE;
  }

  /** What there is to say of the boxes, given whether an image has a row. */
  notes(hasRow: (id: string) => boolean): string[] {
    return [
      ...note('boxes have no area and are left out', this.#empty),
      ...note(
        'images with boxes have no row in the table',
        [...this.#boxes.keys()].filter((id) => !hasRow(id)),
      ),
    ];
  }
}
