import type { Random } from '../base/index.js';

/**
 * Draws rows with replacement, one by one or in whole groups (all images of a patient), from all of them or, stratified, from
 * each stratum as many as it has. A redraw is how often each row occurs in it.
 */
export class Resampler {
  /** Number of units that are drawn: groups, or rows. As many are drawn as there are. */
  readonly units: number;
  /** The unit of each row, 0..units-1; undefined where each row is its own. */
  readonly unitOfRow: Int32Array | undefined;
  /** The units of each stratum, in the order of their first rows. */
  readonly strata: Int32Array[];
  private readonly drawn: Uint16Array;
  private readonly multiplicity: Uint16Array;

  /**
   * Groups and strata `[rows]` are any integers, equal within a group, within a stratum. Throws a RangeError without rows, where the
   * lengths differ, and where a group has rows in two strata.
   */
  constructor(rows: number, groups?: Int32Array, strata?: Int32Array) {
    if (rows === 0) throw new RangeError('Resampler: no rows');
    for (const [name, of] of Object.entries({ groups, strata })) {
      if (of && of.length !== rows) throw new RangeError(`Resampler: ${of.length} ${name} for ${rows} rows`);
    }
    const numbers = new Map<number, number>();
    this.unitOfRow = groups?.map((group) => {
      if (!numbers.has(group)) numbers.set(group, numbers.size);
      return numbers.get(group)!;
    });
    this.units = groups ? numbers.size : rows;
    this.strata = strata
      ? unitsOfStrata(strata, this.unitOfRow)
      : [Int32Array.from({ length: this.units }, (_, i) => i)];
    this.drawn = new Uint16Array(this.units);
    this.multiplicity = this.unitOfRow ? new Uint16Array(rows) : this.drawn;
  }

  /** How often each unit `[units]` occurs in a redraw. The array is valid until the next call. */
  drawUnits(random: Random): Uint16Array {
    const { drawn } = this;
    drawn.fill(0);
    for (const own of this.strata) for (let i = 0; i < own.length; i++) drawn[own[random.integer(own.length)]!]!++;
    return drawn;
  }

  /** How often each row `[rows]` occurs in a redraw. The array is valid until the next call. */
  draw(random: Random): Uint16Array {
    const { multiplicity, unitOfRow } = this;
    const drawn = this.drawUnits(random);
    if (unitOfRow) {
      for (let row = 0; row < multiplicity.length; row++) multiplicity[row] = drawn[unitOfRow[row]!]!;
    }
    return multiplicity;
  }
}

function unitsOfStrata(strata: Int32Array, unitOfRow: Int32Array | undefined): Int32Array[] {
  const stratumOfUnit: number[] = [];
  const units = new Map<number, number[]>();
  for (const [row, stratum] of strata.entries()) {
    const unit = unitOfRow ? unitOfRow[row]! : row;
    if (stratumOfUnit[unit] === undefined) {
      stratumOfUnit[unit] = stratum;
      if (!units.has(stratum)) units.set(stratum, []);
      units.get(stratum)!.push(unit);
    } else if (stratumOfUnit[unit] !== stratum) {
      throw new RangeError(
        `Resampler: the group of row ${row} has rows in two strata, ${stratumOfUnit[unit]} and ${stratum}`,
      );
    }
  }
  return [...units.values()].map((own) => Int32Array.from(own));
}
