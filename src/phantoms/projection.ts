import type { Solid } from './solids.js';
import { add, apply, dot, normalize, rotation, scale, subtract, type Vector } from './vector.js';

/** A piece of the phantom: `attenuation` in 1/cm. Where parts overlap, the LATER one in the list replaces the earlier. */
export interface Part {
  name: string;
  solid: Solid;
  attenuation: number;
}

/** A point source and a square flat detector, cm, in the patient's axes. */
export interface Beam {
  source: Vector;
  /** Middle of the detector, its unit vectors to the right and down, and the length of its sides. */
  detector: Vector;
  right: Vector;
  down: Vector;
  side: number;
}

export interface BeamSettings {
  /** PA: source behind the patient, detector at the chest, 180 cm. AP: source in front, detector at the back, 100 cm. */
  view: 'PA' | 'AP';
  /** Distance of the detector from the middle of the patient, cm. */
  detectorDistance: number;
  /** Side of the detector, cm. */
  side: number;
  /** Turn of the patient about the long axis, tilt about the left-right axis and lean in the image plane, degrees. */
  rotationDegrees: number;
  tiltDegrees: number;
  leanDegrees: number;
  /** Point of the patient that the beam aims at, cm. */
  aim: Vector;
}

export const sourceDetectorDistance = { PA: 180, AP: 100 } as const;

/** Places source and detector. The image always has the patient's left on the right, as radiographs are hung. */
export function placeBeam(settings: BeamSettings): Beam {
  const { view, detectorDistance, side, rotationDegrees, tiltDegrees, leanDegrees, aim } = settings;
  const towardsSource: Vector = [0, view === 'PA' ? 1 : -1, 0];
  const turn = rotation(tiltDegrees, leanDegrees, rotationDegrees);
  const axis = apply(turn, towardsSource);
  const detector = subtract(aim, scale(axis, detectorDistance));
  return {
    source: add(detector, scale(axis, sourceDetectorDistance[view])),
    detector,
    right: apply(turn, [1, 0, 0]),
    down: apply(turn, [0, 0, -1]),
    side,
  };
}

/** The beam seen in a patient `factor` times smaller, with all lengths in units of `factor` cm. */
export function shrinkBeam(beam: Beam, factor: number): Beam {
  return {
    ...beam,
    source: scale(beam.source, 1 / factor),
    detector: scale(beam.detector, 1 / factor),
    side: beam.side / factor,
  };
}

/**
 * Line integrals of attenuation from the source to the middle of every pixel, [size, size], row-major, no unit (Beer and Lambert:
 * the transmitted share is `exp(-integral)`). Exact for the given solids; solids must lie between source and detector.
 */
export function project(parts: readonly Part[], beam: Beam, size: number): Float32Array {
  const { source, detector, right, down, side } = beam;
  const pitch = side / size;
  const corner = subtract(detector, scale(add(right, down), (side - pitch) / 2));
  const [startX, startY, startZ] = subtract(corner, source);
  const [rightX, rightY, rightZ] = scale(right, pitch);
  const [downX, downY, downZ] = scale(down, pitch);
  const casters = parts.map(({ solid, attenuation }) => ({
    cast: solid.from(source),
    attenuation,
    ...footprint(solid, beam, size),
  }));

  const image = new Float32Array(size * size);
  const stacks = Array.from({ length: size }, () => new Stack());
  const ray = new Float64Array(5);
  for (let row = 0; row < size; row++) {
    const x0 = startX + row * downX;
    const y0 = startY + row * downY;
    const z0 = startZ + row * downZ;
    for (const stack of stacks) stack.clear();
    for (const { cast, attenuation, top, bottom, first, last } of casters) {
      if (row < top || row > bottom) continue;
      for (let column = first; column <= last; column++) {
        ray[0] = x0 + column * rightX;
        ray[1] = y0 + column * rightY;
        ray[2] = z0 + column * rightZ;
        if (cast(ray)) stacks[column]!.push(ray[3]!, ray[4]!, attenuation);
      }
    }
    for (let column = 0; column < size; column++) {
      const length = Math.hypot(x0 + column * rightX, y0 + column * rightY, z0 + column * rightZ);
      image[row * size + column] = stacks[column]!.integral() * length;
    }
  }
  return image;
}

/** The pixels that a solid's box can touch. */
function footprint({ min, max }: Solid, { source, detector, right, down, side }: Beam, size: number) {
  const axis = subtract(detector, source);
  const length = Math.hypot(...axis);
  const forward = normalize(axis);
  let [left, rightmost, up, low] = [size, -1, size, -1];
  for (let i = 0; i < 8; i++) {
    const corner: Vector = [(i & 1 ? min : max)[0], (i & 2 ? min : max)[1], (i & 4 ? min : max)[2]];
    const ray = subtract(corner, source);
    const magnification = length / dot(ray, forward);
    const column = ((dot(ray, right) * magnification) / side + 0.5) * size - 0.5;
    const row = ((dot(ray, down) * magnification) / side + 0.5) * size - 0.5;
    left = Math.min(left, column);
    rightmost = Math.max(rightmost, column);
    up = Math.min(up, row);
    low = Math.max(low, row);
  }
  return {
    first: Math.max(0, Math.ceil(left)),
    last: Math.min(size - 1, Math.floor(rightmost)),
    top: Math.max(0, Math.ceil(up)),
    bottom: Math.min(size - 1, Math.floor(low)),
  };
}

/** The stretches of one ray, in the order of the parts. One class and one loop, because this is where the time goes. */
class Stack {
  private enters = new Float64Array(64);
  private exits = new Float64Array(64);
  private attenuations = new Float64Array(64);
  private count = 0;
  /** The union of the stretches summed so far, as sorted disjoint intervals. */
  private starts = new Float64Array(64);
  private ends = new Float64Array(64);

  clear(): void {
    this.count = 0;
  }

  push(enter: number, exit: number, attenuation: number): void {
    if (this.count === this.enters.length) this.grow();
    this.enters[this.count] = enter;
    this.exits[this.count] = exit;
    this.attenuations[this.count++] = attenuation;
  }

  /** Sum of attenuation times length, from the last part to the first; each counts only where no later part lies. */
  integral(): number {
    const { enters, exits, attenuations, starts, ends } = this;
    let sum = 0;
    let covered = 0;
    for (let i = this.count - 1; i >= 0; i--) {
      let start = enters[i]!;
      let end = exits[i]!;
      let fresh = end - start;
      let from = 0;
      while (from < covered && ends[from]! < start) from++;
      let to = from;
      const low = start;
      const high = end;
      for (; to < covered && starts[to]! <= high; to++) {
        fresh -= Math.min(high, ends[to]!) - Math.max(low, starts[to]!);
        start = Math.min(start, starts[to]!);
        end = Math.max(end, ends[to]!);
      }
      const shift = from + 1 - to;
      if (shift > 0) {
        for (let k = covered - 1; k >= to; k--) {
          starts[k + 1] = starts[k]!;
          ends[k + 1] = ends[k]!;
        }
      } else if (shift < 0) {
        for (let k = to; k < covered; k++) {
          starts[k + shift] = starts[k]!;
          ends[k + shift] = ends[k]!;
        }
      }
      covered += shift;
      starts[from] = start;
      ends[from] = end;
      sum += attenuations[i]! * fresh;
    }
    return sum;
  }

  private grow(): void {
    this.enters = longer(this.enters);
    this.exits = longer(this.exits);
    this.attenuations = longer(this.attenuations);
    this.starts = longer(this.starts);
    this.ends = longer(this.ends);
  }
}

function longer(array: Float64Array): Float64Array<ArrayBuffer> {
  const result = new Float64Array(array.length * 2);
  result.set(array);
  return result;
}
