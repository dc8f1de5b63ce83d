/** Colour, each channel 0..255. */
export type Colour = readonly [red: number, green: number, blue: number];

/** A square RGB picture, [size, size, 3], on which shapes are painted; coordinates in pixels, fractions allowed. */
export class Canvas {
  readonly pixels: Uint8ClampedArray;

  constructor(readonly size: number) {
    this.pixels = new Uint8ClampedArray(size * size * 3);
  }

  /** Sets every pixel to `colour(x, y)`. */
  fill(colour: (x: number, y: number) => Colour): void {
    this.paint(0, 0, this.size - 1, this.size - 1, () => true, colour);
  }

  /** Paints the pixels of a box where `inside` holds. */
  paint(
    left: number,
    top: number,
    right: number,
    bottom: number,
    inside: (x: number, y: number) => boolean,
    colour: (x: number, y: number) => Colour,
  ): void {
    const last = this.size - 1;
    for (let y = Math.max(0, Math.floor(top)); y <= Math.min(last, Math.ceil(bottom)); y++) {
      for (let x = Math.max(0, Math.floor(left)); x <= Math.min(last, Math.ceil(right)); x++) {
        if (inside(x, y)) this.pixels.set(colour(x, y), (y * this.size + x) * 3);
      }
    }
  }

  disc(x: number, y: number, radius: number, colour: (x: number, y: number) => Colour): void {
    const inside = (px: number, py: number) => (px - x) ** 2 + (py - y) ** 2 <= radius * radius;
    this.paint(x - radius, y - radius, x + radius, y + radius, inside, colour);
  }

  /** A convex polygon, corners in either direction of turn. */
  polygon(corners: readonly (readonly [number, number])[], colour: (x: number, y: number) => Colour): void {
    const xs = corners.map(([x]) => x);
    const ys = corners.map(([, y]) => y);
    const inside = (x: number, y: number) => {
      let left = false;
      let right = false;
      for (let i = 0; i < corners.length; i++) {
        const [ax, ay] = corners[i]!;
        const [bx, by] = corners[(i + 1) % corners.length]!;
        const turn = (bx - ax) * (y - ay) - (by - ay) * (x - ax);
        if (turn > 0) left = true;
        else if (turn < 0) right = true;
      }
      return !(left && right);
    };
    this.paint(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys), inside, colour);
  }

  /** A stroke with round ends. */
  line(ax: number, ay: number, bx: number, by: number, width: number, colour: Colour): void {
    const half = width / 2;
    const [dx, dy] = [bx - ax, by - ay];
    const length2 = dx * dx + dy * dy || 1;
    const inside = (x: number, y: number) => {
      const along = Math.min(Math.max(((x - ax) * dx + (y - ay) * dy) / length2, 0), 1);
      return (x - ax - along * dx) ** 2 + (y - ay - along * dy) ** 2 <= half * half + 0.1;
    };
    const box = [
      Math.min(ax, bx) - half,
      Math.min(ay, by) - half,
      Math.max(ax, bx) + half,
      Math.max(ay, by) + half,
    ] as const;
    this.paint(...box, inside, () => colour);
  }
}

export function mixColours(a: Colour, b: Colour, t: number): Colour {
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];
}
