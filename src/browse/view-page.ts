import * as Plot from '@observablehq/plot';
import { packageVersion } from '../base/index.js';
import type { Box, Radiograph } from '../datasets/index.js';
import { type Preprocessing, pixelStatistics, type RadiographAugmentation } from '../imaging/index.js';
import { counted, decimals, drawSvg, escapeHtml, headerHtml, page } from '../pages/index.js';
import { factsOf, missingHtml } from './captions.js';
import { exactPicture, type GrayRange, grayRange, type Picture, smallPicture } from './picture.js';
import { STYLE } from './style.js';
import { augmentedVersions, type SeenRadiograph, type Stages } from './view.js';

export interface ViewPageOptions {
  /** The data set's. */
  name: string;
  findings: readonly string[];
  preprocessing: Preprocessing;
  augmentation: RadiographAugmentation;
  seed: number;
  /** Whether to show the three channels as the model gets them, after `statistics`; null leaves them 0..1. */
  channels?: { statistics: ChannelStatistics | null };
}

/** Mean and standard deviation per channel that the model's input is brought to. */
export interface ChannelStatistics {
  mean: readonly number[];
  std: readonly number[];
}

const VERSIONS = 4;
/** Radiographs augmented at a time, so that memory does not grow with their number. */
const BATCH = 16;

/** What the network sees: for each radiograph the original, the preprocessed pixels, augmented versions and gray levels, as one HTML page. */
export async function viewPage(radiographs: readonly SeenRadiograph[], options: ViewPageOptions): Promise<string> {
  const { name, preprocessing, augmentation, seed } = options;
  const articles: string[] = [];
  for (let at = 0; at < radiographs.length; at += BATCH) {
    articles.push(...(await batchHtml(radiographs.slice(at, at + BATCH), at / BATCH, options)));
  }
  const unreadable = radiographs.filter(({ seen }) => 'reason' in seen).length;
  const body = [
    headerHtml({
      title: `What the network sees: ${name}`,
      lead: `${counted(radiographs.length, 'radiograph')}${unreadable > 0 ? `, ${unreadable} of them unreadable` : ''}`,
      version: packageVersion(),
      createdAt: new Date().toISOString(),
    }),
    '<main>',
    `<ul class="plain"><li>${describePreprocessing(preprocessing)}</li><li>${describeAugmentation(augmentation)} Seed ${seed}.</li></ul>`,
    ...articles,
    '</main>',
  ];
  return page({ title: `${name}: what the network sees`, body: body.join('\n'), style: STYLE, pictures: true });
}

async function batchHtml(batch: readonly SeenRadiograph[], step: number, options: ViewPageOptions): Promise<string[]> {
  const { findings, preprocessing, augmentation, seed } = options;
  const pixels = batch.flatMap(({ seen }) => ('reason' in seen ? [] : [seen.preprocessed.pixels]));
  const settings = { augmentation, size: preprocessing.size, seed, step, versions: VERSIONS };
  const versions = pixels.length > 0 ? augmentedVersions(pixels, settings) : [];
  const articles: string[] = [];
  let readable = 0;
  for (const { radiograph, seen } of batch) {
    let stages: string;
    if ('reason' in seen) {
      stages = `<div class="stages"><figure class="original">${missingHtml(seen.reason)}</figure></div>`;
    } else {
      const own = versions.map((images) => images[readable]!);
      stages = await stagesHtml(radiograph, seen, own, options);
      readable++;
    }
    articles.push(articleHtml(radiograph, findings, stages));
  }
  return articles;
}

function describePreprocessing({ size, fit, interpolation = 'lanczos', minMax, equalize }: Preprocessing): string {
  const shape = { stretch: 'stretched to', crop: 'cut from the centre to', pad: 'padded to' }[fit];
  const steps = [
    interpolation === 'lanczos' ? '' : `resized with a ${interpolation} kernel`,
    minMax ? 'darkest and lightest level spread over 0 to 255' : '',
    equalize ? 'histogram equalized' : '',
  ];
  return `Preprocessing: ${[`${shape} ${size} x ${size} pixels`, ...steps.filter(Boolean)].join(', ')}.`;
}

function describeAugmentation({
  flip,
  rotation,
  scale = [1, 1],
  contrast = 0,
  brightness = 0,
}: RadiographAugmentation): string {
  const percent = (share: number) => `${Number((100 * share).toFixed(1))} %`;
  const steps = [
    flip > 0 ? `mirrored with probability ${flip}` : '',
    rotation > 0 ? `turned by up to ${rotation} degrees` : '',
    scale[0] !== 1 || scale[1] !== 1 ? `scaled by ${scale[0]} to ${scale[1]}` : '',
    contrast > 0 ? `contrast changed by up to ${percent(contrast)}` : '',
    brightness > 0 ? `brightness shifted by up to ${percent(brightness)}` : '',
  ].filter(Boolean);
  return `Augmentation, drawn anew in every epoch: ${steps.join(', ') || 'none'}.`;
}

function articleHtml(radiograph: Radiograph, findings: readonly string[], stages: string): string {
  const named = (wanted: (label: number) => boolean) => findings.filter((_, i) => wanted(radiograph.labels[i]!));
  const chips = [
    ...named((label) => label === 1).map((finding) => `<li>${escapeHtml(finding)}</li>`),
    ...named(Number.isNaN).map((finding) => `<li class="unknown">${escapeHtml(finding)}: unknown</li>`),
  ];
  return [
    '<article class="radiograph">',
    `<h2>${escapeHtml(radiograph.id)}</h2>`,
    `<p class="meta">${escapeHtml(factsOf(radiograph))}</p>`,
    `<ul class="labels">${chips.join('') || '<li class="none">no positive label</li>'}</ul>`,
    stages,
    '</article>',
  ].join('\n');
}

async function stagesHtml(
  radiograph: Radiograph,
  { original, preprocessed }: Stages,
  versions: readonly Uint8Array[],
  { preprocessing: { size }, channels }: ViewPageOptions,
): Promise<string> {
  const id = radiograph.id;
  const square = (data: Uint8Array) => ({ width: size, height: size, data });
  const { mean, standardDeviation } = pixelStatistics(preprocessed.pixels, size);
  const { width, height, bits, range, notes, picture } = original;
  const facts = [
    `${width} x ${height} pixels, ${bits} bits`,
    `black is ${range.minimum}, white ${range.maximum}`,
    ...notes,
  ];
  const exact = await exactPicture(square(preprocessed.pixels));
  const augmented = await Promise.all(versions.map((data) => smallPicture(square(data), size, 85)));
  return [
    '<div class="stages">',
    `<figure class="original"><h3>Original</h3><div class="framed">${imageHtml(picture, `Original ${id}`)}${boxesHtml(radiograph.boxes ?? [], original)}</div><figcaption>${escapeHtml(facts.join('; '))}</figcaption></figure>`,
    figureHtml(
      'Preprocessed',
      exact,
      `Preprocessed ${id}`,
      `${size} x ${size} pixels, ${preprocessed.range.minimum} to ${preprocessed.range.maximum}, mean ${decimals(255 * mean, 1)}, SD ${decimals(255 * standardDeviation, 1)}`,
    ),
    `<figure class="wide"><h3>Gray levels</h3>${histogramSvg('Original', original.histogram, range)}${histogramSvg('Preprocessed', preprocessed.histogram, { minimum: 0, maximum: 255 })}<figcaption>Heights are square roots of pixel counts.</figcaption></figure>`,
    '</div>',
    '<div class="stages augmented">',
    ...augmented.map((it, i) => figureHtml(`Augmented, epoch ${i + 1}`, it, `Augmented ${id}`, '')),
    '</div>',
    ...(channels ? [await channelsHtml(preprocessed.pixels, size, channels.statistics, id)] : []),
  ].join('\n');
}

/** The three channels `(x / 255 - mean) / std`, all on one gray scale that runs over what the three can reach. */
async function channelsHtml(
  pixels: Uint8Array,
  size: number,
  statistics: ChannelStatistics | null,
  id: string,
): Promise<string> {
  const { mean, std } = statistics ?? { mean: [0, 0, 0], std: [1, 1, 1] };
  const at = (channel: number, level: number) => (level / 255 - mean[channel]!) / std[channel]!;
  const low = Math.min(...mean.map((_, c) => at(c, 0)));
  const high = Math.max(...mean.map((_, c) => at(c, 255)));
  const range = grayRange(pixels);
  const figures = await Promise.all(
    mean.map(async (_, c) => {
      const data = Uint8Array.from(pixels, (level) => Math.round((255 * (at(c, level) - low)) / (high - low)));
      const picture = await smallPicture({ width: size, height: size, data }, size, 85);
      const caption = `${decimals(at(c, range.minimum), 2)} to ${decimals(at(c, range.maximum), 2)}`;
      return figureHtml(`Model input, channel ${c + 1}`, picture, `Channel ${c + 1} of ${id}`, caption);
    }),
  );
  return `<div class="stages augmented">${figures.join('\n')}</div>`;
}

function figureHtml(title: string, picture: Picture, alt: string, caption: string): string {
  return `<figure><h3>${title}</h3>${imageHtml(picture, alt)}${caption ? `<figcaption>${escapeHtml(caption)}</figcaption>` : ''}</figure>`;
}

function imageHtml({ src, width, height }: Picture, alt: string): string {
  return `<img class="picture" src="${src}" width="${width}" height="${height}" alt="${escapeHtml(alt)}">`;
}

/** Boxes over a picture of any size: the drawing has the original's coordinates. */
function boxesHtml(boxes: readonly Box[], { width, height }: { width: number; height: number }): string {
  if (boxes.length === 0) return '';
  const font = Math.max(width, height) / 26;
  const shapes = boxes.map(({ finding, x, y, ...box }) => {
    const text = y > 1.3 * font ? y - 0.3 * font : y + 1.1 * font;
    return (
      `<rect x="${x}" y="${y}" width="${box.width}" height="${box.height}" fill="none" stroke="#ffb000" stroke-width="2" vector-effect="non-scaling-stroke"/>` +
      `<text x="${x}" y="${text}" font-size="${font}" fill="#ffb000" stroke="#000" stroke-width="${font / 6}" paint-order="stroke">${escapeHtml(finding)}</text>`
    );
  });
  const names = escapeHtml(boxes.map(({ finding }) => finding).join(', '));
  return `<svg role="img" aria-label="Boxes: ${names}" viewBox="0 0 ${width} ${height}">${shapes.join('')}</svg>`;
}

function histogramSvg(what: string, shares: Float64Array, { minimum, maximum }: GrayRange): string {
  const step = (maximum - minimum + 1) / shares.length;
  const bars = Array.from(shares, (share, i) => ({ from: minimum + i * step, to: minimum + (i + 1) * step, share }));
  return drawSvg(`${what}: histogram of gray levels ${minimum} to ${maximum}`, {
    width: 352,
    height: 118,
    marginLeft: 12,
    marginRight: 12,
    marginTop: 4,
    marginBottom: 34,
    x: { label: what, labelAnchor: 'center', labelArrow: 'none', ticks: 5, domain: [minimum, maximum + 1] },
    y: { axis: null, type: 'sqrt' },
    marks: [
      Plot.rectY(bars, { x1: 'from', x2: 'to', y: 'share', fill: 'var(--series-0)', insetRight: 0.5 }),
      Plot.ruleY([0], { stroke: 'currentColor' }),
    ],
  });
}
