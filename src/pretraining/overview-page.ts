/** A pretraining as curves on one page, made of what its folder holds. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import * as Plot from '@observablehq/plot';
import { stringify } from 'yaml';
import { packageVersion, readJson, writeFileAtomic } from '../base/index.js';
import { radiographDatasets } from '../datasets/index.js';
import {
  cell,
  compact,
  count,
  drawSvg,
  duration,
  escapeHtml,
  type Figure,
  figureHtml,
  headerHtml,
  left,
  NONE,
  numbering,
  page,
  right,
  seriesOf,
  type Table,
  tableHtml,
} from '../pages/index.js';
import type { Metrics } from '../training/index.js';
import { MEASURES, type Measure, scoreText } from './labels.js';
import { OVERVIEW, type RunRecord } from './run-folder.js';
import type { PretrainingConfig } from './schema.js';

/** Writes the page of a run's folder, which may still be growing. */
export function writeOverview(folder: string): void {
  writeFileAtomic(join(folder, OVERVIEW), overviewPage(readRun(folder)));
}

/** A line of `metrics.jsonl`. */
type Line = Metrics & ({ kind: 'step'; step: number } | { kind: 'epoch'; epoch: number });

/** What a folder tells of its run. */
export interface RunSoFar {
  name: string;
  config: PretrainingConfig;
  record: Pick<RunRecord, 'images' | 'recipe' | 'precision' | 'threads' | 'versions'>;
  lines: readonly Line[];
  /** Files of the evaluations, by epoch. */
  pages: ReadonlyMap<number, string>;
  /** What is kept of a run that is done. */
  result: { seconds: number } | null;
}

export function readRun(folder: string): RunSoFar {
  const record = readJson<RunRecord>(join(folder, 'config.json'));
  const evaluations = join(folder, 'evaluations');
  const files = existsSync(evaluations) ? readdirSync(evaluations) : [];
  const pages = files.flatMap((file) => {
    const epoch = /^epoch-(\d+)\.html$/.exec(file)?.[1];
    return epoch === undefined ? [] : [[Number(epoch), `evaluations/${file}`] as const];
  });
  const result = join(folder, 'result.json');
  return {
    name: basename(resolve(folder)),
    config: record.config as PretrainingConfig,
    record,
    lines: readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line),
    pages: new Map(pages),
    result: existsSync(result) ? readJson<{ seconds: number }>(result) : null,
  };
}

/** Metrics at a place of the training, in epochs. */
interface Point extends Metrics {
  at: number;
}

export function overviewPage(run: RunSoFar): string {
  const { name, config, lines, result, record } = run;
  const { epochs } = config.training;
  const epochLines = lines.flatMap((line) => (line.kind === 'epoch' ? [line] : []));
  const done = epochLines.at(-1)?.epoch ?? 0;
  const scores = epochLines.filter(({ knn }) => knn !== undefined);
  const curve = { points: pointsOf(run), epochs };
  const number = numbering();
  const figures = [
    scores.length > 0 ? scoresFigure(run, scores) : null,
    ...(curve.points.length > 1 ? [lossFigure(curve), collapseFigure(curve), scheduleFigure(curve)] : []),
  ].filter((figure) => figure !== null);
  const state = result ? `done, ${duration(result.seconds)} of training` : `${done} of ${epochs} epochs so far`;
  const title = `Pretraining ${name}`;
  const body = [
    headerHtml({
      title,
      lead: `DINOv2 on ${count(record.images)} images; ${state}${scores.length > 0 ? `; ${scoreLead(run, scores)}` : ''}`,
      version: packageVersion(),
      createdAt: new Date().toISOString(),
    }),
    '<main>',
    ...figures.map(
      (figure) => `<section><h2>${figure.heading}</h2>\n${figureHtml(figure, number('Figure'))}</section>`,
    ),
    scores.length > 0
      ? `<section><h2>Evaluations</h2>\n${evaluationsHtml(run, scores, number('Table'))}</section>`
      : '',
    `<section><h2>Configuration</h2>\n<p>${escapeHtml(computedWith(record))}</p>`,
    `<pre>${escapeHtml(stringify(config, { aliasDuplicateObjects: false }).trimEnd())}</pre></section>`,
    '</main>',
  ];
  return page({ title, body: body.join('\n') });
}

const computedWith = ({ recipe, precision, threads, versions }: RunSoFar['record']) =>
  `Crops for ${recipe === 'natural' ? 'natural images' : recipe}; ${precision}, ${threads} thread${threads === 1 ? '' : 's'}; ` +
  `hilum ${versions.hilum}, libtorch ${versions.libtorch}.`;

const measureOf = ({ evaluation }: PretrainingConfig): Measure =>
  MEASURES[Object.hasOwn(radiographDatasets, evaluation.kind ?? '') ? 'findings' : 'classes'];

type Scored = Extract<Line, { kind: 'epoch' }>;

function scoreLead({ config }: RunSoFar, scores: readonly Scored[]): string {
  const text = (value: number) => scoreText(measureOf(config), value);
  const [first, last] = [scores[0]!, scores.at(-1)!];
  const before = [
    ...(first.epoch === 0 && last.epoch > 0 ? [`${text(first.knn!)} before`] : []),
    ...(first.knnPixels === undefined ? [] : [`raw pixels ${text(first.knnPixels)}`]),
  ];
  return `k-NN ${text(last.knn!)}${before.length > 0 ? ` (${before.join(', ')})` : ''}`;
}

/** What the training said, and how long it is going to be. */
interface Curve {
  points: readonly Point[];
  epochs: number;
}

const POINTS = 200;

/** The lines of steps as at most so many means, at the middle of what they are of. */
function pointsOf({ lines, config, record }: RunSoFar): Point[] {
  const { epochSteps, batchSize } = config.training;
  const perEpoch = epochSteps ?? Math.floor(record.images / batchSize);
  const steps = lines.flatMap((line) => (line.kind === 'step' ? [line] : []));
  const size = Math.ceil(steps.length / POINTS);
  return Array.from({ length: size === 0 ? 0 : Math.ceil(steps.length / size) }, (_, i) => {
    const part = steps.slice(i * size, (i + 1) * size);
    const names = Object.keys(part[0]!).filter((name) => name !== 'kind' && name !== 'step');
    const mean = (of: (line: (typeof part)[number]) => number) =>
      part.reduce((sum, line) => sum + of(line), 0) / part.length;
    const means = names.map((name) => [name, mean((line) => line[name] ?? NaN)]);
    return { at: mean(({ step }) => (step + 1) / perEpoch), ...Object.fromEntries(means) };
  });
}

interface Section extends Figure {
  heading: string;
}

/** What features must beat. */
const PIXELS = { name: 'raw pixels', dash: '3 3' };
const BEFORE = { name: 'before the training', dash: '1 3' };

/** k-NN and linear probe by epoch, a panel each: their heights do not compare. */
function scoresFigure({ config }: RunSoFar, scores: readonly Scored[]): Section {
  const { evaluation, training } = config;
  const measure = measureOf(config);
  const first = scores[0]!;
  const references = [
    ...(first.knnPixels === undefined ? [] : [{ ...PIXELS, knn: first.knnPixels, linear: undefined }]),
    ...(first.epoch === 0 ? [{ ...BEFORE, knn: first.knn, linear: first.linear }] : []),
  ];
  const panel = (key: 'knn' | 'linear', title: string) => {
    const known = scores.filter((line) => line[key] !== undefined);
    if (known.length === 0) return [];
    const texts = known.map((line) => `${scoreText(measure, line[key]!)} at epoch ${line.epoch}`);
    const { color } = seriesOf(0);
    const svg = drawSvg(`${title}: ${texts.slice(-5).join(', ')}`, {
      width: 460,
      height: 260,
      marginLeft: 52,
      marginBottom: 38,
      marginRight: 14,
      x: { ...EPOCHS, domain: [0, training.epochs] },
      y: {
        label: null,
        grid: true,
        ticks: 5,
        nice: true,
        tickFormat: (value: number) => (measure === 'accuracy' ? `${compact(100 * value)} %` : compact(value)),
      },
      marks: [
        ...references.flatMap(({ dash, ...its }) =>
          its[key] === undefined
            ? []
            : [Plot.ruleY([its[key]], { stroke: 'var(--muted)', strokeWidth: 1.6, strokeDasharray: dash })],
        ),
        Plot.line(known, { x: 'epoch', y: key, stroke: color, strokeWidth: 2.2 }),
        Plot.dot(known, { x: 'epoch', y: key, fill: color, r: 3 }),
      ],
    });
    return [{ title, svg }];
  };
  return {
    heading: 'How good the features are',
    caption:
      `${measure === 'accuracy' ? 'Accuracy' : 'Mean AUROC'} of the teacher's class token on labelled images that were held out. ` +
      'Features that are worth something rise above where they began, and above the same k-NN on raw pixels.',
    legend: references.map(({ name, dash }) => ({ name, color: 'var(--muted)', dash })),
    panels: [...panel('knn', `k-NN, k ${evaluation.k}`), ...panel('linear', 'Linear probe')],
  };
}

const EPOCHS = { label: 'Epoch', labelAnchor: 'center', labelArrow: 'none', ticks: 6, tickFormat: '~g' } as const;

interface Panel {
  title: string;
  keys: string[];
  /** Of the vertical axis; as the values are unless given. */
  domain?: [number, number];
  /** Whether it begins at 0. */
  zero?: boolean;
  log?: boolean;
}

/** One panel for each that the training says something of. */
const drawn = ({ points, epochs }: Curve, panels: readonly Panel[]): Figure['panels'] =>
  panels
    .filter(({ keys }) => points.some((point) => keys.some((key) => Number.isFinite(point[key]))))
    .map((panel) => ({ title: panel.title, svg: panelSvg(points, epochs, panel) }));

function panelSvg(points: readonly Point[], epochs: number, { title, keys, domain, zero, log }: Panel): string {
  const last = points.at(-1)!;
  const type = log ? { type: 'log' as const } : {};
  return drawSvg(
    `${title}: ${keys.map((key) => compact(Number(last[key]!.toPrecision(3)))).join(' and ')} at the end`,
    {
      width: 310,
      height: 190,
      marginLeft: 50,
      marginBottom: 36,
      marginRight: 10,
      x: { ...EPOCHS, domain: [0, epochs] },
      y: {
        label: null,
        grid: !log,
        ticks: log ? 3 : 4,
        tickFormat: log ? '~s' : compact,
        ...(zero && { zero }),
        ...type,
        ...(domain && { domain }),
      },
      marks: keys.map((key, i) => {
        const { color, dash } = seriesOf(i);
        const known = points.filter((point) => Number.isFinite(point[key]) && !(log && point[key]! <= 0));
        return Plot.line(known, { x: 'at', y: key, stroke: color, strokeDasharray: dash, strokeWidth: 1.8 });
      }),
    },
  );
}

const lossFigure = (curve: Curve): Section => ({
  heading: 'Losses',
  caption:
    'The loss and its parts, as DINOv2 logs them. They fall slowly and may rise while the teacher grows sharper or the prototypes ' +
    'begin to train: what the features are worth is not read off here.',
  legend: [],
  panels: drawn(curve, [
    { title: 'Loss', keys: ['loss'] },
    { title: 'DINO, global crops', keys: ['dinoGlobal'] },
    { title: 'DINO, local crops', keys: ['dinoLocal'] },
    { title: 'iBOT, masked patches', keys: ['ibot'] },
    { title: 'KoLeo', keys: ['koleo'] },
    { title: 'Gram anchoring', keys: ['gram'] },
  ]),
});

const collapseFigure = (curve: Curve): Section => ({
  heading: 'Is it collapsing?',
  caption:
    'Spread of the class tokens (1 uniform on the sphere, 0 all the same). Entropy of the targets: of one image (near 1 says nothing), ' +
    'and over the batch (near 0: all go to one prototype). What targets tell of the image: near 0 for long is a collapse, which ' +
    'stops the run. Prototypes in use, of those that a batch could reach.',
  legend: [
    { name: "entropy of an image's targets", ...seriesOf(0) },
    { name: 'entropy over the batch', ...seriesOf(1) },
  ],
  panels: drawn(curve, [
    { title: 'Spread of features', keys: ['featureSpread'], domain: [0, 1] },
    { title: 'Entropy of targets', keys: ['assignmentEntropy', 'prototypeEntropy'], domain: [0, 1] },
    { title: 'What targets tell of the image, nats', keys: ['assignmentInformation'], zero: true },
    { title: 'Prototypes in use', keys: ['prototypesUsed'], domain: [0, 1] },
  ]),
});

const scheduleFigure = (curve: Curve): Section => ({
  heading: 'Schedules and speed',
  caption: 'Schedules as they were followed; the norm of the gradient before clipping; images per second of training.',
  legend: [],
  panels: drawn(curve, [
    { title: 'Learning rate', keys: ['learningRate'] },
    { title: "Teacher's momentum", keys: ['momentum'] },
    { title: "Teacher's temperature", keys: ['teacherTemperature'] },
    { title: 'Weight decay', keys: ['weightDecay'] },
    { title: 'Gradient norm', keys: ['gradientNorm'], log: true },
    { title: 'Images per second', keys: ['imagesPerSecond'] },
  ]),
});

function evaluationsHtml({ config, pages }: RunSoFar, scores: readonly Scored[], number: string): string {
  const text = (value: number | undefined) => (value === undefined ? NONE : scoreText(measureOf(config), value));
  const table: Table = {
    title: `k-NN and linear probe at each evaluation (${measureOf(config)}).`,
    columns: [left('Epoch'), right('k-NN'), right('Linear probe')],
    groups: [{ rows: scores.map(({ epoch, knn, linear }) => [cell(`${epoch}`), cell(text(knn)), cell(text(linear))]) }],
    notes: [],
  };
  const links = scores.flatMap(({ epoch }) => {
    const file = pages.get(epoch);
    return file ? [`<a href="${escapeHtml(file)}">${epoch === 0 ? 'before the training' : `epoch ${epoch}`}</a>`] : [];
  });
  return `<p>Attention, patch features and nearest neighbours: ${links.join(', ')}.</p>\n${tableHtml(table, number)}`;
}
