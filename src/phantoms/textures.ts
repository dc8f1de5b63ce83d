import type { Random } from '../base/index.js';
import { Canvas, type Colour, mixColours } from './canvas.js';

type Painter = (canvas: Canvas, random: Random) => void;

/**
 * Classes of non-medical pictures, by name. Dead leaves (Lee, Mumford and Huang, IJCV 2001; as pretraining data: Baradad et al.,
 * "Learning to see by looking at noise", NeurIPS 2021) and other procedural textures with the statistics of natural scenes.
 */
const painters = {
  bricks,
  cells,
  checkers,
  clouds,
  dead_leaves: deadLeaves,
  gratings,
  polygons,
  scribbles,
  shapes,
  trees,
} satisfies Record<string, Painter>;

export type TextureName = keyof typeof painters;
export const textureNames = Object.keys(painters) as TextureName[];

/** One picture of a class: 8-bit RGB, [size, size, 3]. */
export function drawTexture(name: TextureName, size: number, random: Random): Uint8ClampedArray {
  const canvas = new Canvas(size);
  painters[name](canvas, random);
  shade(canvas, random);
  return canvas.pixels;
}

function anyColour(random: Random): Colour {
  return [random.between(15, 240), random.between(15, 240), random.between(15, 240)];
}

/** Two colours that can be told apart. */
function twoColours(random: Random): [Colour, Colour] {
  const first = anyColour(random);
  const second = anyColour(random);
  const distance = Math.hypot(first[0] - second[0], first[1] - second[1], first[2] - second[2]);
  return distance > 90 ? [first, second] : [first, [255 - first[0], first[1] > 128 ? 20 : 235, 255 - first[2]]];
}

/** A surface: one colour, a gradient, stripes or grain. */
function surface(random: Random, size: number): (x: number, y: number) => Colour {
  const [first, second] = twoColours(random);
  const kind = random.integer(4);
  const angle = random.between(0, Math.PI);
  const [cx, cy] = [Math.cos(angle), Math.sin(angle)];
  if (kind === 0) return () => first;
  if (kind === 1)
    return (x, y) => mixColours(first, second, 0.5 + (0.5 * ((x - size / 2) * cx + (y - size / 2) * cy)) / size);
  if (kind === 2) {
    const pitch = random.between(3, 12);
    const depth = random.between(0.2, 0.6);
    return (x, y) =>
      mixColours(first, second, depth * (0.5 + 0.5 * Math.sin((2 * Math.PI * (x * cx + y * cy)) / pitch)));
  }
  const grain = random.between(0.1, 0.4);
  return () => mixColours(first, second, grain * random.uniform());
}

/** Uneven light across the picture and a little noise of the camera. */
function shade({ pixels, size }: Canvas, random: Random): void {
  const angle = random.between(0, 2 * Math.PI);
  const strength = random.between(0, 0.35);
  const noise = random.between(0, 10);
  for (let i = 0; i < size * size; i++) {
    const x = (i % size) / size - 0.5;
    const y = Math.floor(i / size) / size - 0.5;
    const light = 1 + strength * (x * Math.cos(angle) + y * Math.sin(angle));
    const grain = noise * (random.uniform() - 0.5);
    for (let channel = 0; channel < 3; channel++) pixels[i * 3 + channel] = pixels[i * 3 + channel]! * light + grain;
  }
}

/** Radius with a power law of exponent -3 between two limits, so that the picture looks alike at every scale. */
function leafRadius(random: Random, smallest: number, largest: number): number {
  const share = random.uniform();
  return 1 / Math.sqrt((1 - share) / smallest ** 2 + share / largest ** 2);
}

function deadLeaves(canvas: Canvas, random: Random): void {
  const { size } = canvas;
  canvas.fill(surface(random, size));
  for (let i = 0; i < 240; i++) {
    const radius = leafRadius(random, size * 0.025, size * 0.4);
    canvas.disc(random.uniform() * size, random.uniform() * size, radius, surface(random, size));
  }
}

function polygons(canvas: Canvas, random: Random): void {
  const { size } = canvas;
  canvas.fill(surface(random, size));
  for (let i = 0; i < 130; i++) {
    const radius = leafRadius(random, size * 0.04, size * 0.45);
    canvas.polygon(roundPolygon(random, size, radius, 3 + random.integer(3)), surface(random, size));
  }
}

/** Corners on a circle at a random place. */
function roundPolygon(random: Random, size: number, radius: number, corners: number): [number, number][] {
  const [x, y] = [random.uniform() * size, random.uniform() * size];
  const start = random.between(0, 2 * Math.PI);
  return Array.from({ length: corners }, (_, i) => {
    const angle = start + ((i + random.between(-0.25, 0.25)) * 2 * Math.PI) / corners;
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
  });
}

/** One grating or two crossed ones (plaid), sinusoidal or square. */
function gratings(canvas: Canvas, random: Random): void {
  const [first, second] = twoColours(random);
  const third = anyColour(random);
  const plaid = random.uniform() < 0.5;
  const sharpness = random.uniform() < 0.4 ? 8 : 1;
  const wave = () => {
    const angle = random.between(0, Math.PI);
    const pitch = canvas.size * random.between(0.04, 0.3);
    const phase = random.between(0, 2 * Math.PI);
    const [cx, cy] = [(2 * Math.PI * Math.cos(angle)) / pitch, (2 * Math.PI * Math.sin(angle)) / pitch];
    return (x: number, y: number) =>
      0.5 + (0.5 * Math.tanh(sharpness * Math.sin(x * cx + y * cy + phase))) / Math.tanh(sharpness);
  };
  const [along, across] = [wave(), wave()];
  canvas.fill((x, y) => {
    const base = mixColours(first, second, along(x, y));
    return plaid ? mixColours(base, third, 0.6 * across(x, y)) : base;
  });
}

/** Smooth noise of period one pixel of its lattice, in 0..1. */
function valueNoise(random: Random, cells: number): (u: number, v: number) => number {
  const width = cells + 2;
  const lattice = Float32Array.from({ length: width * width }, () => random.uniform());
  const ease = (t: number) => t * t * (3 - 2 * t);
  return (u, v) => {
    const [x, y] = [Math.floor(u * cells), Math.floor(v * cells)];
    const [s, t] = [ease(u * cells - x), ease(v * cells - y)];
    const at = y * width + x;
    const top = lattice[at]! * (1 - s) + lattice[at + 1]! * s;
    const bottom = lattice[at + width]! * (1 - s) + lattice[at + width + 1]! * s;
    return top * (1 - t) + bottom * t;
  };
}

/** 1/f noise: octaves whose amplitude halves as their frequency doubles. */
function clouds(canvas: Canvas, random: Random): void {
  const [first, second] = twoColours(random);
  const octaves = Array.from({ length: 6 }, (_, i) => valueNoise(random, 2 << i));
  const contrast = random.between(1.2, 3);
  canvas.fill((x, y) => {
    let sum = 0;
    for (const [i, octave] of octaves.entries()) sum += octave(x / canvas.size, y / canvas.size) * 0.5 ** (i + 1);
    return mixColours(first, second, Math.min(Math.max(0.5 + contrast * (sum - 0.5), 0), 1));
  });
}

/** Voronoi cells around random points, with walls. */
function cells(canvas: Canvas, random: Random): void {
  const { size } = canvas;
  const count = 12 + random.integer(40);
  const points = Array.from({ length: count }, () => [random.uniform() * size, random.uniform() * size] as const);
  const [base, wall] = twoColours(random);
  const colours = points.map(() => mixColours(base, anyColour(random), 0.35));
  const thickness = random.between(1, 4);
  canvas.fill((x, y) => {
    let [nearest, next, which] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0];
    for (let i = 0; i < count; i++) {
      const distance = (points[i]![0] - x) ** 2 + (points[i]![1] - y) ** 2;
      if (distance < nearest) {
        next = nearest;
        nearest = distance;
        which = i;
      } else if (distance < next) next = distance;
    }
    return Math.sqrt(next) - Math.sqrt(nearest) < thickness ? wall : colours[which]!;
  });
}

/** The plane turned and stretched at random, as `[u, v]` in units of a tile. */
function tilePlane(random: Random, size: number): (x: number, y: number) => [number, number] {
  const angle = random.between(-0.6, 0.6);
  const tile = size * random.between(0.08, 0.25);
  const stretch = random.between(0.7, 1.4);
  const [c, s, du, dv] = [Math.cos(angle), Math.sin(angle), random.uniform(), random.uniform()];
  return (x, y) => [(x * c + y * s) / tile + du + 40, (y * c - x * s) / (tile * stretch) + dv + 40];
}

function checkers(canvas: Canvas, random: Random): void {
  const plane = tilePlane(random, canvas.size);
  const [first, second] = twoColours(random);
  canvas.fill((x, y) => {
    const [u, v] = plane(x, y);
    return (Math.floor(u) + Math.floor(v)) % 2 === 0 ? first : second;
  });
}

/** Courses of bricks, each shifted by half a brick, with mortar and uneven firing. */
function bricks(canvas: Canvas, random: Random): void {
  const plane = tilePlane(random, canvas.size);
  const [brick, mortar] = twoColours(random);
  const other = mixColours(brick, anyColour(random), 0.4);
  const firing = Float32Array.from({ length: 1024 }, () => random.uniform());
  const joint = random.between(0.06, 0.16);
  canvas.fill((x, y) => {
    const [u, v] = plane(x, y);
    const course = Math.floor(v);
    const along = u / 2 + (course % 2) / 2;
    const column = Math.floor(along);
    if (v - course < joint || along - column < joint / 2) return mortar;
    return mixColours(brick, other, firing[(course * 131 + column * 17) & 1023]!);
  });
}

/** A few smooth objects on a gradient. */
function shapes(canvas: Canvas, random: Random): void {
  const { size } = canvas;
  const [sky, ground] = twoColours(random);
  canvas.fill((_, y) => mixColours(sky, ground, y / size));
  for (let i = 1 + random.integer(5); i > 0; i--) {
    const radius = size * random.between(0.08, 0.25);
    const [light, dark] = twoColours(random);
    if (random.uniform() < 0.6) {
      const [x, y] = [random.uniform() * size, random.uniform() * size];
      canvas.disc(x, y, radius, (px, py) => {
        const lit = Math.hypot(px - x + radius / 3, py - y + radius / 3) / (1.5 * radius);
        return mixColours(light, dark, Math.min(lit, 1));
      });
    } else {
      canvas.polygon(roundPolygon(random, size, radius * 1.2, 3 + random.integer(4)), (_, y) =>
        mixColours(light, dark, y / size),
      );
    }
  }
}

/** Curved strokes that wander over the picture. */
function scribbles(canvas: Canvas, random: Random): void {
  const { size } = canvas;
  const paper = anyColour(random);
  canvas.fill(() => paper);
  for (let stroke = 3 + random.integer(6); stroke > 0; stroke--) {
    let [x, y] = [random.uniform() * size, random.uniform() * size];
    let angle = random.between(0, 2 * Math.PI);
    let bend = 0.3 * random.normal();
    const width = size * random.between(0.008, 0.03);
    const ink = twoColours(random)[1];
    for (let step = 0; step < 40; step++) {
      const [nx, ny] = [x + size * 0.035 * Math.cos(angle), y + size * 0.035 * Math.sin(angle)];
      canvas.line(x, y, nx, ny, width, ink);
      [x, y] = [nx, ny];
      bend = 0.9 * bend + 0.12 * random.normal();
      angle += bend;
    }
  }
}

/** Branching trees against a sky, some with leaves. */
function trees(canvas: Canvas, random: Random): void {
  const { size } = canvas;
  const [sky, wood] = twoColours(random);
  const leaf = anyColour(random);
  const leafy = random.uniform() < 0.5;
  const horizon = anyColour(random);
  canvas.fill((_, y) => mixColours(sky, horizon, (0.6 * y) / size));
  const grow = (x: number, y: number, angle: number, length: number, width: number): void => {
    const [tipX, tipY] = [x + length * Math.cos(angle), y + length * Math.sin(angle)];
    canvas.line(x, y, tipX, tipY, width, wood);
    if (length < size * 0.035) {
      if (leafy) canvas.disc(tipX, tipY, size * 0.02, () => leaf);
      return;
    }
    for (const sign of [-1, 1]) {
      grow(tipX, tipY, angle + sign * random.between(0.2, 0.6), length * random.between(0.62, 0.82), width * 0.7);
    }
  };
  const count = 1 + random.integer(3);
  for (let i = 0; i < count; i++) {
    const x = (size * (i + random.between(0.3, 0.7))) / count;
    grow(
      x,
      size,
      -Math.PI / 2 + 0.15 * random.normal(),
      size * random.between(0.16, 0.26),
      size * random.between(0.03, 0.06),
    );
  }
}
