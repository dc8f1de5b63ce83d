import * as Plot from '@observablehq/plot';
import { AGE_BANDS, type DatasetStatistics, SPLITS, type SplitStatistics } from '../datasets/index.js';
import { count, drawSvg, type Figure, type LegendItem, listed, percent, seriesOf, shortened } from '../pages/index.js';

const centred = { labelAnchor: 'center', labelArrow: 'none' } as const;
const SPLIT_COLORS = SPLITS.map((_, i) => seriesOf(i).color);
const SEXES = [
  { key: 'F', name: 'female', color: 'var(--series-3)' },
  { key: 'M', name: 'male', color: 'var(--series-0)' },
  { key: 'unknown', name: 'sex unknown', color: 'var(--muted)' },
] as const;

/** Ticks of counts: none between two whole numbers. */
const wholeNumber = (value: number) =>
  Number.isInteger(value) ? (value >= 10_000 ? `${value / 1000}k` : `${value}`) : '';

/** Splits that have radiographs, in their order. */
const present = ({ splits }: DatasetStatistics) => SPLITS.filter((split) => splits[split].images > 0);

/** Positives per finding, stacked by split, beside their share in each split. */
export function findingsFigure(statistics: DatasetStatistics): Figure {
  const splits = present(statistics);
  const rows = statistics.findings.flatMap(({ name }, index) =>
    splits.map((split) => ({ index, split, ...statistics.splits[split].findings[name]! })),
  );
  const names = statistics.findings.map(({ name }) => shortened(name, 24));
  const marginLeft = 14 + 6.8 * Math.max(0, ...names.map(({ length }) => length));
  const frame = {
    height: 48 + 20 * names.length,
    marginTop: 4,
    marginBottom: 38,
    y: { type: 'band', domain: names.map((_, i) => i), tickSize: 0, label: null, tickFormat: (i: number) => names[i]! },
    color: { domain: splits, range: splits.map((split) => SPLIT_COLORS[SPLITS.indexOf(split)]!) },
  } satisfies Plot.PlotOptions;
  const totals = statistics.findings.map(({ name }) => `${name} ${count(statistics.all.findings[name]!.positive)}`);
  const counts = drawSvg(`Positive radiographs per finding: ${listed(totals)}`, {
    ...frame,
    width: 460,
    marginLeft,
    x: { ...centred, label: 'Positive radiographs', ticks: 5, tickFormat: wholeNumber, grid: true },
    marks: [
      Plot.barX(rows, { y: 'index', x: 'positive', fill: 'split', insetTop: 2, insetBottom: 2 }),
      Plot.ruleX([0], { stroke: 'currentColor' }),
    ],
  });
  const shares = drawSvg('Share of positives per finding and split', {
    ...frame,
    width: 460,
    marginLeft,
    x: {
      ...centred,
      label: 'Positives among known labels (%)',
      percent: true,
      ticks: 5,
      grid: true,
      domain: [0, top(rows)],
    },
    marks: [
      Plot.dot(
        rows.filter(({ prevalence }) => prevalence !== null),
        { y: 'index', x: 'prevalence', fill: 'split', r: 4.5, stroke: 'var(--page)', strokeWidth: 1 },
      ),
      Plot.ruleX([0], { stroke: 'currentColor' }),
    ],
  });
  return {
    caption: 'Findings: positive radiographs, and their share of the radiographs whose label is known, per split.',
    legend: splits.map((split) => ({ name: split, color: SPLIT_COLORS[SPLITS.indexOf(split)]! })),
    panels:
      rows.length > 0
        ? [
            { title: 'Radiographs', svg: counts },
            { title: 'Prevalence', svg: shares },
          ]
        : [],
  };
}

const top = (rows: { prevalence: number | null }[]) => 105 * Math.max(0.01, ...rows.map((row) => row.prevalence ?? 0));

/** Radiographs per age band and sex, one panel per split. */
export function ageFigure(statistics: DatasetStatistics): Figure {
  const known = ({ ages }: SplitStatistics) => ages.some(({ band, images }) => band !== 'unknown' && images > 0);
  const bands = AGE_BANDS.filter((band) => band !== 'unknown' || statistics.all.ages.at(-1)!.images > 0);
  const legend: LegendItem[] = SEXES.filter(({ key }) => statistics.all.ages.some((age) => age[key] > 0));
  const panels = present(statistics)
    .filter((split) => known(statistics.splits[split]))
    .map((split) => {
      const { ages } = statistics.splits[split];
      const rows = ages.flatMap((age) => SEXES.map(({ key, color }) => ({ band: age.band, images: age[key], color })));
      const label = listed(ages.filter(({ images }) => images > 0).map(({ band, images }) => `${band} ${images}`));
      return {
        title: split,
        svg: drawSvg(`Ages of the ${split} split: ${label}`, {
          ...PANEL,
          x: { domain: bands, label: 'Age, years', ...centred, tickRotate: -45, tickSize: 0, tickFormat: bandName },
          marks: [
            Plot.barY(rows, { x: 'band', y: 'images', fill: 'color', insetLeft: 1, insetRight: 1 }),
            Plot.ruleY([0], { stroke: 'currentColor' }),
          ],
        }),
      };
    });
  return { caption: 'Radiographs per age band and sex, per split; the scales differ.', legend, panels };
}

const bandName = (band: string) => (band === '80 and over' ? '80+' : band);

const PANEL = {
  width: 304,
  height: 220,
  marginLeft: 46,
  marginBottom: 62,
  marginRight: 6,
  color: { type: 'identity' },
  y: { label: null, ticks: 4, tickFormat: wholeNumber, grid: true },
} as const;

const IMAGE_BANDS = [1, 2, 3, 4, 5, 6, 11, 21, 51] as const;
const imageBandName = (from: number, i: number) => {
  const next = IMAGE_BANDS[i + 1];
  return next === undefined ? `${from}+` : next === from + 1 ? `${from}` : `${from}-${next - 1}`;
};

/** Patients by their number of radiographs, one panel per split. */
export function imagesPerPatientFigure(statistics: DatasetStatistics): Figure {
  const bands = IMAGE_BANDS.map(imageBandName);
  const panels = present(statistics).map((split) => {
    const patients = IMAGE_BANDS.map((from, i) => {
      const next = IMAGE_BANDS[i + 1] ?? Number.POSITIVE_INFINITY;
      const inside = statistics.splits[split].imagesPerPatient.filter(({ images }) => images >= from && images < next);
      return inside.reduce((sum, it) => sum + it.patients, 0);
    });
    const rows = bands.map((band, i) => ({ band, patients: patients[i]! }));
    const label = listed(rows.filter((row) => row.patients > 0).map((row) => `${row.band}: ${row.patients}`));
    return {
      title: split,
      svg: drawSvg(`Patients of the ${split} split by number of radiographs: ${label}`, {
        ...PANEL,
        x: { domain: bands, label: 'Radiographs of the patient', ...centred, tickRotate: -45, tickSize: 0 },
        marks: [
          Plot.barY(rows, {
            x: 'band',
            y: 'patients',
            fill: SPLIT_COLORS[SPLITS.indexOf(split)],
            insetLeft: 1,
            insetRight: 1,
          }),
          Plot.ruleY([0], { stroke: 'currentColor' }),
        ],
      }),
    };
  });
  return { caption: 'Patients by how many radiographs they have, per split; the scales differ.', legend: [], panels };
}

/** Findings that the heat map has room for: the most frequent ones. */
const MAPPED = 40;
/** Room for a number in each cell of the heat map. */
const WRITTEN = 18;

/** Which findings come together: of the radiographs that are positive for the row, how many are positive for the column. */
export function coOccurrenceFigure({ findings, coOccurrence }: DatasetStatistics): Figure {
  const positive = findings
    .map(({ name }, i) => ({ name, i, positives: coOccurrence[i]![i]! }))
    .filter(({ positives }) => positives > 0);
  const least = positive.map(({ positives }) => positives).sort((a, b) => b - a)[MAPPED - 1] ?? 0;
  const shown = positive.filter(({ positives }) => positives >= least).slice(0, MAPPED);
  const cells = shown.flatMap((row, y) =>
    shown.map((column, x) => {
      const both = coOccurrence[row.i]![column.i]!;
      const own = row === column;
      const title = own
        ? `${row.name}: ${count(row.positives)}`
        : `${count(both)} of ${count(row.positives)} (${percent(both, row.positives)}) with ${row.name} have ${column.name}`;
      return { x, y, own, share: both / row.positives, both, title };
    }),
  );
  const names = shown.map(({ name }) => shortened(name, 24));
  const room = 14 + 6.8 * Math.max(0, ...names.map(({ length }) => length));
  const side = Math.max(16, Math.min(40, Math.floor(700 / Math.max(1, names.length))));
  const axis = {
    type: 'band',
    domain: names.map((_, i) => i),
    tickSize: 0,
    label: null,
    tickFormat: (i: number) => names[i]!,
  } as const;
  const svg = drawSvg('Shares of radiographs with one finding that have another', {
    width: room + side * names.length + 0.65 * room,
    height: room * 0.75 + Math.min(side, 30) * names.length + 6,
    marginLeft: room,
    marginTop: room * 0.75,
    marginBottom: 4,
    marginRight: 0.65 * room,
    x: { ...axis, axis: 'top', tickRotate: -45 },
    y: axis,
    color: { type: 'identity' },
    marks: [
      Plot.cell(cells, { x: 'x', y: 'y', fill: shade, stroke: 'var(--rule)', strokeWidth: 0.5, title: 'title' }),
      ...(names.length <= WRITTEN
        ? [
            Plot.text(
              cells.filter(({ own, both }) => own || both > 0),
              { x: 'x', y: 'y', text: written, fill: ink, fontSize: 10, pointerEvents: 'none' },
            ),
          ]
        : []),
    ],
  });
  return {
    caption:
      'Findings that come together, all splits: of the radiographs with the finding of the row, the share (%) that also has the ' +
      `finding of the column. Diagonal: radiographs with the finding.${
        shown.length < positive.length ? ` The ${shown.length} most frequent of ${positive.length} findings.` : ''
      }`,
    legend: [],
    panels: shown.length > 1 ? [{ svg }] : [],
  };
}

interface HeatCell {
  own: boolean;
  share: number;
  both: number;
}

const shade = ({ own, share }: HeatCell) =>
  own ? 'var(--faint)' : `color-mix(in srgb, var(--series-0) ${Math.round(100 * share)}%, var(--page))`;
const ink = ({ own, share }: HeatCell) => (!own && share > 0.72 ? 'var(--page)' : 'var(--text)');
const written = ({ own, share, both }: HeatCell) =>
  own ? short(both) : share < 0.005 ? '<1' : (100 * share).toFixed(0);
const short = (value: number) => (value < 10_000 ? String(value) : `${Math.round(value / 1000)}k`);
