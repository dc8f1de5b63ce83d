/** How many of ascending values lie below a value. */
export function countBelow(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many of ascending values lie below a value or are equal to it. */
export function countUpTo(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Twice the midrank of each of N values, counted from 1: integers 2..2N, equal for ties. */
export function doubledMidranks(values: Float64Array): Int32Array {
  const ascending = values.slice().sort();
  return Int32Array.from(values, (value) => countBelow(ascending, value) + countUpTo(ascending, value) + 1);
}
