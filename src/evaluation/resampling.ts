import type { Random } from '../base/index.js';

/** Draws rows with replacement, one by one or in whole groups (all images of a patient). A redraw is how often each row occurs in it. */
export class Resampler {
  /** Number of units that are drawn: groups, or rows. As many are drawn as there are. */
  readonly units: number;
  /** The unit of each row, 0..units-1; undefined where each row is its own. */
  private readonly unitOfRow: Int32Array | undefined;
  private readonly drawn: Uint16Array;
  private readonly multiplicity: Uint16Array;

  /** Groups `[rows]` are any integers, equal within a group. Throws a RangeError without rows or where the lengths differ. */
  constructor(rows: number, groups?: Int32Array) {
    if (rows === 0) throw new RangeError('Resampler: no rows');
    if (groups && groups.length !== rows) throw new RangeError(`Resampler: ${groups.length} groups for ${rows} rows`);
    const numbers = new Map<number, number>();
    this.unitOfRow = groups?.map((group) => {
      if (!numbers.has(group)) numbers.set(group, numbers.size);
      return numbers.get(group)!;
    });
    this.units = groups ? numbers.size : rows;
    this.drawn = new Uint16Array(this.units);
    this.multiplicity = this.unitOfRow ? new Uint16Array(rows) : this.drawn;
  }

  /** How often each row `[rows]` occurs in a redraw. The array is valid until the next call. */
  draw(random: Random): Uint16Array {
    const { drawn, multiplicity, unitOfRow, units } = this;
    drawn.fill(0);
    for (let i = 0; i < units; i++) drawn[random.integer(units)]!++;
    if (unitOfRow) {
      for (let row = 0; row < multiplicity.length; row++) multiplicity[row] = drawn[unitOfRow[row]!]!;
    }
    return multiplicity;
  }
}
