import { add, apply, dot, identity, type Matrix, scale, subtract, transpose, type Vector } from './vector.js';

/**
 * A ray `source + t * direction` and the stretch of it inside a solid: [dx, dy, dz, enter, exit], the last two values of t.
 * A typed array, because numbers passed one by one to functions of many kinds are boxed.
 */
export type Ray = Float64Array;

/** Writes the stretch of one ray from a fixed source inside the solid; false where the ray misses (the stretch is then undefined). */
export type Caster = (ray: Ray) => boolean;

/** A convex solid in closed form: every ray meets it in one stretch. Lengths in cm. */
export interface Solid {
  /** A box with sides parallel to the axes that holds the solid. */
  readonly min: Vector;
  readonly max: Vector;
  contains(point: Vector): boolean;
  /** Prepares for rays that all start at `source`, outside the solid. */
  from(source: Vector): Caster;
}

/** The map of a solid with semi-axes `axes`, turned by `turn` and moved to `centre`, onto the unit solid. */
function unitFrame(centre: Vector, axes: Vector, turn: Matrix) {
  const back = transpose(turn);
  const toUnit: Matrix = [scale(back[0], 1 / axes[0]), scale(back[1], 1 / axes[1]), scale(back[2], 1 / axes[2])];
  return { toUnit, unit: (point: Vector): Vector => apply(toUnit, subtract(point, centre)) };
}

function boxOf(centre: Vector, reach: (row: Vector) => number, turn: Matrix): { min: Vector; max: Vector } {
  const half: Vector = [reach(turn[0]), reach(turn[1]), reach(turn[2])];
  return { min: subtract(centre, half), max: add(centre, half) };
}

/** Ellipsoid with semi-axes `axes`, turned by `turn` about its centre. */
export function ellipsoid(centre: Vector, axes: Vector, turn: Matrix = identity): Solid {
  const { toUnit, unit } = unitFrame(centre, axes, turn);
  const [[a0, a1, a2], [b0, b1, b2], [c0, c1, c2]] = toUnit;
  return {
    ...boxOf(centre, (row) => Math.hypot(row[0] * axes[0], row[1] * axes[1], row[2] * axes[2]), turn),
    contains: (point) => {
      const p = unit(point);
      return dot(p, p) <= 1;
    },
    from: (source) => {
      const [ox, oy, oz] = unit(source);
      const outside = ox * ox + oy * oy + oz * oz - 1;
      return (ray) => {
        const dx = ray[0]!;
        const dy = ray[1]!;
        const dz = ray[2]!;
        const x = a0 * dx + a1 * dy + a2 * dz;
        const y = b0 * dx + b1 * dy + b2 * dz;
        const z = c0 * dx + c1 * dy + c2 * dz;
        const a = x * x + y * y + z * z;
        const b = ox * x + oy * y + oz * z;
        const discriminant = b * b - a * outside;
        if (discriminant <= 0) return false;
        const root = Math.sqrt(discriminant);
        ray[3] = (-b - root) / a;
        ray[4] = (-b + root) / a;
        return true;
      };
    },
  };
}

export function sphere(centre: Vector, radius: number): Solid {
  return ellipsoid(centre, [radius, radius, radius]);
}

type Exponent = 2 | 3 | 4;

/** |u|^n / u: times u it is the power, times n the slope. */
function reduced(u: number, exponent: Exponent): number {
  return exponent === 2 ? u : exponent === 3 ? u * Math.abs(u) : u * u * u;
}

/**
 * Superellipsoid |x/a|^l + |y/b|^m + |z/c|^n <= 1 (Barr, 1981, with an exponent per axis): a rounded box.
 * The sum is convex along a ray, so Newton's method from outside never oversteps a wall it has not reached.
 */
export function superellipsoid(
  centre: Vector,
  axes: Vector,
  exponents: readonly [Exponent, Exponent, Exponent],
  turn: Matrix = identity,
): Solid {
  const { toUnit, unit } = unitFrame(centre, axes, turn);
  const [[a0, a1, a2], [b0, b1, b2], [c0, c1, c2]] = toUnit;
  const [l, m, n] = exponents;
  return {
    ...boxOf(
      centre,
      (row) => Math.abs(row[0]) * axes[0] + Math.abs(row[1]) * axes[1] + Math.abs(row[2]) * axes[2],
      turn,
    ),
    contains: (point) => {
      const [x, y, z] = unit(point);
      return x * reduced(x, l) + y * reduced(y, m) + z * reduced(z, n) <= 1;
    },
    from: (source) => {
      const [ox, oy, oz] = unit(source);
      const wall = (start: number, direction: 1 | -1, x: number, y: number, z: number): number => {
        let t = start;
        for (let step = 0; step < 30; step++) {
          const px = ox + t * x;
          const py = oy + t * y;
          const pz = oz + t * z;
          const qx = reduced(px, l);
          const qy = reduced(py, m);
          const qz = reduced(pz, n);
          const excess = px * qx + py * qy + pz * qz - 1;
          if (excess < 1e-7) return t;
          const rise = l * qx * x + m * qy * y + n * qz * z;
          if (rise * direction >= 0) return Number.NaN;
          t -= excess / rise;
        }
        return t;
      };
      return (ray) => {
        const dx = ray[0]!;
        const dy = ray[1]!;
        const dz = ray[2]!;
        const x = a0 * dx + a1 * dy + a2 * dz;
        const y = b0 * dx + b1 * dy + b2 * dz;
        const z = c0 * dx + c1 * dy + c2 * dz;
        let enter = Number.NEGATIVE_INFINITY;
        let exit = Number.POSITIVE_INFINITY;
        const reachX = 1 / Math.abs(x);
        const reachY = 1 / Math.abs(y);
        const reachZ = 1 / Math.abs(z);
        if (reachX < 1e9) {
          enter = Math.max(enter, -ox / x - reachX);
          exit = Math.min(exit, -ox / x + reachX);
        }
        if (reachY < 1e9) {
          enter = Math.max(enter, -oy / y - reachY);
          exit = Math.min(exit, -oy / y + reachY);
        }
        if (reachZ < 1e9) {
          enter = Math.max(enter, -oz / z - reachZ);
          exit = Math.min(exit, -oz / z + reachZ);
        }
        if (enter >= exit) return false;
        enter = wall(enter, 1, x, y, z);
        if (!(enter < exit)) return false;
        ray[3] = enter;
        ray[4] = wall(exit, -1, x, y, z);
        return ray[4]! > enter;
      };
    },
  };
}

/** Upright elliptic cylinder: half-width, half-depth, half-height. */
export function cylinder(centre: Vector, axes: Vector): Solid {
  const [cx, cy, cz] = centre;
  const [a, b, c] = axes;
  return {
    ...boxOf(centre, (row) => Math.abs(dot(row, axes)), identity),
    contains: ([x, y, z]) => ((x - cx) / a) ** 2 + ((y - cy) / b) ** 2 <= 1 && Math.abs(z - cz) <= c,
    from: (source) => {
      const ox = (source[0] - cx) / a;
      const oy = (source[1] - cy) / b;
      const oz = source[2] - cz;
      const outside = ox * ox + oy * oy - 1;
      return (ray) => {
        const dx = ray[0]!;
        const dy = ray[1]!;
        const dz = ray[2]!;
        const x = dx / a;
        const y = dy / b;
        const square = x * x + y * y;
        const half = ox * x + oy * y;
        const discriminant = half * half - square * outside;
        if (discriminant <= 0) return false;
        const root = Math.sqrt(discriminant);
        const reach = c / Math.max(Math.abs(dz), 1e-12);
        const middle = dz === 0 ? (Math.abs(oz) <= c ? 0 : Number.POSITIVE_INFINITY) : -oz / dz;
        ray[3] = Math.max((-half - root) / square, middle - reach);
        ray[4] = Math.min((-half + root) / square, middle + reach);
        return ray[4]! > ray[3]!;
      };
    },
  };
}

/** All points within `radius` of the segment from `a` to `b`. */
export function capsule(a: Vector, b: Vector, radius: number): Solid {
  const [bx, by, bz] = subtract(b, a);
  const length2 = bx * bx + by * by + bz * bz;
  const reach: Vector = [radius, radius, radius];
  return {
    min: subtract([Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.min(a[2], b[2])], reach),
    max: add([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.max(a[2], b[2])], reach),
    contains: (point) => {
      const p = subtract(point, a);
      const along = Math.min(Math.max((p[0] * bx + p[1] * by + p[2] * bz) / length2, 0), 1);
      return Math.hypot(p[0] - along * bx, p[1] - along * by, p[2] - along * bz) <= radius;
    },
    from: (source) => {
      const [ox, oy, oz] = subtract(source, a);
      const [ex, ey, ez] = subtract(source, b);
      const along = bx * ox + by * oy + bz * oz;
      const outsideA = ox * ox + oy * oy + oz * oz - radius * radius;
      const outsideB = ex * ex + ey * ey + ez * ez - radius * radius;
      const outsideTube = length2 * outsideA - along * along;
      return (ray) => {
        const dx = ray[0]!;
        const dy = ray[1]!;
        const dz = ray[2]!;
        const d2 = dx * dx + dy * dy + dz * dz;
        const rise = bx * dx + by * dy + bz * dz;
        const towardsA = ox * dx + oy * dy + oz * dz;
        const towardsB = ex * dx + ey * dy + ez * dz;
        const square = Math.max(length2 * d2 - rise * rise, 1e-12);
        const half = length2 * towardsA - along * rise;
        const discriminant = half * half - square * outsideTube;
        if (discriminant <= 0) return false;
        const root = Math.sqrt(discriminant);
        let enter = (-half - root) / square;
        const enterAt = along + enter * rise;
        if (enterAt <= 0) {
          enter = (-towardsA - Math.sqrt(towardsA * towardsA - d2 * outsideA)) / d2;
        } else if (enterAt >= length2) {
          enter = (-towardsB - Math.sqrt(towardsB * towardsB - d2 * outsideB)) / d2;
        }
        let exit = (-half + root) / square;
        const exitAt = along + exit * rise;
        if (exitAt <= 0) {
          exit = (-towardsA + Math.sqrt(towardsA * towardsA - d2 * outsideA)) / d2;
        } else if (exitAt >= length2) {
          exit = (-towardsB + Math.sqrt(towardsB * towardsB - d2 * outsideB)) / d2;
        }
        ray[3] = enter;
        ray[4] = exit;
        return exit > enter;
      };
    },
  };
}

/** Everything at or above the height `z`. */
export function above(z: number): Solid {
  const far = Number.POSITIVE_INFINITY;
  return {
    min: [-far, -far, z],
    max: [far, far, far],
    contains: (point) => point[2] >= z,
    from: (source) => {
      const height = source[2] - z;
      return (ray) => {
        const dz = ray[2]!;
        const crossing = dz === 0 ? far : -height / dz;
        ray[3] = dz > 0 ? crossing : height >= 0 ? Number.NEGATIVE_INFINITY : far;
        ray[4] = dz > 0 ? far : height >= 0 ? crossing : far;
        return ray[4]! > ray[3]!;
      };
    },
  };
}

/** What two convex solids share, convex again. */
export function intersection(first: Solid, second: Solid): Solid {
  return {
    min: [0, 1, 2].map((i) => Math.max(first.min[i]!, second.min[i]!)) as unknown as Vector,
    max: [0, 1, 2].map((i) => Math.min(first.max[i]!, second.max[i]!)) as unknown as Vector,
    contains: (point) => first.contains(point) && second.contains(point),
    from: (source) => {
      const castFirst = first.from(source);
      const castSecond = second.from(source);
      return (ray) => {
        if (!castFirst(ray)) return false;
        const enter = ray[3]!;
        const exit = ray[4]!;
        if (!castSecond(ray)) return false;
        ray[3] = Math.max(ray[3]!, enter);
        ray[4] = Math.min(ray[4]!, exit);
        return ray[4]! > ray[3]!;
      };
    },
  };
}
