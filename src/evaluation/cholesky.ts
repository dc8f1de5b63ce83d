/** The lower Cholesky factor of a symmetric positive definite matrix `[n, n]`, row-major. Throws a RangeError where it is not positive definite. */
export function cholesky(matrix: Float64Array, n: number): Float64Array {
  const factor = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let value = matrix[i * n + j]!;
      for (let k = 0; k < j; k++) value -= factor[i * n + k]! * factor[j * n + k]!;
      if (i === j && !(value > 0)) throw new RangeError(`cholesky: pivot ${i} is ${value}`);
      factor[i * n + j] = i === j ? Math.sqrt(value) : value / factor[j * n + j]!;
    }
  }
  return factor;
}

/** Solves `factor factor' x = vector` in place, for a lower factor `[n, n]` and a vector `[n]`. */
export function choleskySolve(factor: Float64Array, vector: Float64Array): void {
  const n = vector.length;
  for (let i = 0; i < n; i++) {
    let value = vector[i]!;
    for (let k = 0; k < i; k++) value -= factor[i * n + k]! * vector[k]!;
    vector[i] = value / factor[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    const value = vector[i]! / factor[i * n + i]!;
    vector[i] = value;
    for (let k = 0; k < i; k++) vector[k]! -= factor[i * n + k]! * value;
  }
}
