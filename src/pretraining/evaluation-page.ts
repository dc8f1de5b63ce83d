/** A look at what a teacher sees: patch features in colour, and the nearest neighbours of pictures. */
import sharp from 'sharp';
import { packageVersion } from '../base/index.js';
import type { Neighbors } from '../evaluation/index.js';
import { toThreeChannels, toUnit } from '../imaging/index.js';
import type { VisionTransformer } from '../models/index.js';
import { escapeHtml, headerHtml, page } from '../pages/index.js';
import { noGrad, scope, toFloat32Array } from '../torch/index.js';
import type { Batch } from '../training/index.js';
import type { Evaluation, Scores } from './evaluate.js';
import { alike, labelText, MEASURES, rowsOf, scoreText } from './labels.js';
import { type PatchColors, patchColors } from './patch-colors.js';
import { OVERVIEW } from './run-folder.js';

export interface EvaluationPageOptions {
  /** From 1; 0 is before the training. */
  epoch: number;
  scores: Scores;
  /** Before the training; undefined where this is it. */
  before?: Scores;
  /** Of raw pixels. */
  pixels: Scores | null;
  nearest: Neighbors;
  evaluation: Evaluation;
  device: string;
}

/** Test pictures on the page, and neighbours of each. */
const SHOWN = 8;
const NEIGHBORS = 6;
/** Side of a picture on the page, at most, pixels. */
const SIDE = 128;

/** One picture `[C, S, S]`, 0..255. */
interface Shot {
  pixels: Uint8Array;
  channels: number;
  side: number;
}

/** An HTML page that needs nothing else. `batches` are those of the evaluation, again. */
export async function evaluationPage(
  teacher: VisionTransformer,
  batches: AsyncIterable<Batch>,
  { epoch, scores, before, pixels, nearest, evaluation, device }: EvaluationPageOptions,
): Promise<string> {
  const { labels, k } = evaluation;
  const tests = evenly(rowsOf(labels, 'test'), SHOWN);
  const shown = Math.min(NEIGHBORS, nearest.count);
  const neighbors = tests.map((test) => [...nearest.rows.subarray(test * nearest.count, test * nearest.count + shown)]);
  const first = rowsOf(labels, 'train') + rowsOf(labels, 'validate'); // place of the first test picture
  const shots = await shotsAt(batches, new Set([...tests.map((test) => first + test), ...neighbors.flat()]));
  const { colors, attention } = seenBy(
    teacher,
    tests.map((test) => shots.get(first + test)!),
    device,
  );
  const rows: string[] = [];
  for (const [i, test] of tests.entries()) {
    const label = labelText(labels, 'test', test);
    const own = await picture(shots.get(first + test)!, label);
    const patches = await patchPicture(colors, i);
    const looked = await attentionPicture(attention, i);
    const found = neighbors[i]!.map(async (row) => {
      const other = labelText(labels, 'train', row);
      return figure(await picture(shots.get(row)!, other), other, alike(labels, test, row));
    });
    rows.push(
      `<div class="row">${figure(own, label)}${figure(looked, 'attention')}${figure(patches, 'patch features')}<span class="to" aria-hidden="true"></span>${(await Promise.all(found)).join('')}</div>`,
    );
  }
  const score = (value: number) => scoreText(MEASURES[labels.kind], value);
  const linear = scores.linear === undefined ? '' : `, linear probe ${score(scores.linear)}`;
  const title = epoch === 0 ? 'Features before the training' : `Features after epoch ${epoch}`;
  const others = [
    ...(before ? [`before the training ${score(before.knn)}`] : []),
    ...(pixels ? [`raw pixels ${score(pixels.knn)}`] : []),
  ].join(', ');
  const lead = `k-NN ${score(scores.knn)} (k ${k}${others && `; ${others}`})${linear}, of ${rowsOf(labels, 'test')} pictures ${labels.kind === 'classes' ? 'in' : 'with'} ${labels.names.length} ${labels.kind}`;
  const shared = labels.kind === 'classes' ? 'of its class' : 'that share a finding with it, or like it have none,';
  const body = [
    headerHtml({ title, lead, version: packageVersion(), createdAt: new Date().toISOString() }),
    `<nav><a href="../${OVERVIEW}">The whole run</a></nav>`,
    '<main>',
    '<p>Each row: a picture that was held out; what its class token attends to in the last block (mean of the heads, white most); its',
    'patch features (their first three principal components over all rows as red, green and blue); and the training pictures nearest to',
    `it by the class token. Neighbours ${shared} have a solid frame.</p>`,
    '<p>What to look for: neighbours that show the same kind of thing and not only the same colours, as random weights find them;',
    'attention on the object; patch colours that follow its parts, the same in all rows. Rows that all have the same neighbours, or',
    'patches of one colour, speak of a collapse.</p>',
    ...rows,
    '</main>',
  ];
  return page({ title, body: body.join('\n'), style: STYLE, pictures: true });
}

/** Three pictures of a row, a gap, and the neighbours; on a narrow screen below each other. */
const STYLE = `
nav { margin-bottom: 1rem; }
.row { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)) .6rem repeat(${NEIGHBORS}, minmax(0, 1fr)); gap: .4rem; margin: 0; padding: .7rem 0; border-top: 1px solid var(--rule); }
.row figure { margin: 0; min-width: 0; }
.row img { display: block; width: 100%; height: auto; aspect-ratio: 1; border: 3px solid transparent; border-radius: 3px; image-rendering: auto; }
.row .same img { border-color: var(--accent); }
.row .other img { border: 3px dashed var(--rule); }
.row figcaption { margin: .15rem 0 0 3px; font-size: .75rem; line-height: 1.3; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; overflow-wrap: anywhere; }
@media (max-width: 44rem) {
  .row { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  .row .to { display: none; }
}
`;

function figure(image: string, caption: string, same?: boolean): string {
  const kind = same === undefined ? '' : ` class="${same ? 'same' : 'other'}"`;
  const text = escapeHtml(caption);
  return `<figure${kind}>${image}<figcaption title="${text}">${text}</figcaption></figure>`;
}

const picture = async ({ pixels, channels, side }: Shot, alt: string): Promise<string> =>
  imageHtml(interleaved(pixels, channels), { width: side, height: side, channels: channels as 1 | 3 }, alt);

async function patchPicture({ height, width, images }: PatchColors, i: number): Promise<string> {
  return imageHtml(interleaved(images[i]!, 3), { width, height, channels: 3 }, 'patch features');
}

/** The least attention of a picture is black, the most white. */
async function attentionPicture({ values, height, width }: Seen['attention'], i: number): Promise<string> {
  const own = values.subarray(i * height * width, (i + 1) * height * width);
  const [least, most] = [Math.min(...own), Math.max(...own)];
  const levels = Uint8Array.from(own, (value) => Math.round((255 * (value - least)) / Math.max(most - least, 1e-12)));
  return imageHtml(levels, { width, height, channels: 1 }, 'attention');
}

type Raw = { width: number; height: number; channels: 1 | 3 };

async function imageHtml(pixels: Uint8Array, raw: Raw, alt: string): Promise<string> {
  const bytes = await sharp(pixels, { raw })
    .resize({ width: SIDE, height: SIDE, fit: 'fill', kernel: raw.width < SIDE / 2 ? 'nearest' : 'lanczos3' })
    .webp({ quality: 85 })
    .toBuffer();
  return `<img alt="${escapeHtml(alt)}" width="${SIDE}" height="${SIDE}" src="data:image/webp;base64,${bytes.toString('base64')}">`;
}

function interleaved(planar: Uint8Array, channels: number): Uint8Array {
  const area = planar.length / channels;
  return Uint8Array.from(planar, (_, i) => planar[(i % channels) * area + Math.floor(i / channels)]!);
}

interface Seen {
  colors: PatchColors;
  /** `[B, h, w]` */
  attention: { values: Float32Array; height: number; width: number };
}

function seenBy(teacher: VisionTransformer, shots: readonly Shot[], device: string): Seen {
  const { channels, side } = shots[0]!;
  const pixels = new Uint8Array(shots.length * channels * side * side);
  for (const [i, shot] of shots.entries()) pixels.set(shot.pixels, i * channels * side * side);
  return scope(() =>
    noGrad(() => {
      const x = toThreeChannels(toUnit(pixels, [shots.length, channels, side, side], device));
      const mean = teacher.classAttention(x).mean([1]);
      const attention = { values: toFloat32Array(mean), height: mean.size(1), width: mean.size(2) };
      return { colors: patchColors(teacher, x), attention };
    }),
  );
}

/** The pictures at some places of the batches, by place. */
async function shotsAt(batches: AsyncIterable<Batch>, places: ReadonlySet<number>): Promise<Map<number, Shot>> {
  const shots = new Map<number, Shot>();
  let at = 0;
  for await (const { images, shape } of batches) {
    const [count, channels, side] = shape;
    const length = images.length / count;
    for (let i = 0; i < count; i++, at++) {
      if (places.has(at)) shots.set(at, { pixels: images.slice(i * length, (i + 1) * length), channels, side });
    }
  }
  return shots;
}

const evenly = (length: number, most: number): number[] =>
  Array.from({ length: Math.min(length, most) }, (_, i) => Math.floor((i * length) / Math.min(length, most)));
