import * as Plot from '@observablehq/plot';
import { cell, compact, drawSvg, type Figure, left, NONE, right, seriesOf, type Table } from '../../pages/index.js';
import type { Difference, ExperimentResult, MatrixFactor, MatrixResult, SettingResult } from '../result/index.js';
import { confidence, pName, pValue, range, signed } from './format.js';
import { legendOf } from './legend.js';
import { distinct, leader, significanceLevel } from './select.js';
import { estimate, pNote } from './table.js';

const NO_MATRIX: MatrixResult = { factors: [], settings: [], comparisons: [] };

/** Where there are several data sets: on how many of them each initialization leads, in every setting. */
export function rankTable(result: ExperimentResult): Table {
  const { settings } = result.matrix ?? NO_MATRIX;
  const datasets = datasetsOf(settings);
  const names = result.initializations.map(({ name }) => name);
  const rows = settings.map((setting) => {
    const leads = datasets.flatMap((dataset) => leader(setting, dataset, result) ?? []);
    return [
      cell(setting.name),
      ...names.map((name) => {
        const own = leads.filter(({ initialization }) => initialization === name);
        return cell(`${own.length} (${own.filter(({ clear }) => clear).length})`);
      }),
    ];
  });
  return {
    title:
      `Leads in each setting. Number of the ${datasets.length} data sets on which an initialization has the highest mean test AUROC, ` +
      'and, in brackets, on which it is significantly above every other.',
    columns: [left('Setting'), ...names.map(right)],
    groups: datasets.length > 1 ? [{ rows }] : [],
    notes: [
      `Significant: ${pName(result)} below ${compact(significanceLevel(result))}, over ${result.statistics.families.mean}, in each setting by itself.`,
    ],
  };
}

/** Mean AUROC of every initialization (columns) in every setting (rows). */
export function matrixTable(result: ExperimentResult): Table {
  const { settings } = result.matrix ?? NO_MATRIX;
  const names = result.initializations.map(({ name }) => name);
  return {
    title: `Settings. Mean test AUROC, with ${confidence(result.statistics.confidence)} intervals.`,
    columns: [left('Setting'), ...names.map(right)],
    groups: datasetsOf(settings).map((heading) => ({
      heading,
      rows: settings.map((setting) => {
        const values = names.map((name) => meanOf(setting, heading, name));
        const highest = Math.max(...values.map((value) => value?.estimate ?? -1));
        return [cell(setting.name), ...values.map((value) => estimate(value, value?.estimate === highest))];
      }),
    })),
    notes: [
      `Bold: the highest value of a setting. The first setting, ${settings[0]?.name}, is the reference: all other tables and figures are of it.`,
      ...(result.matrix?.factors.some(({ factor }) => factor === 'labelFraction')
        ? [
            'Labels: a share of the training patients, drawn anew for each fine-tuning seed; validation and test split are whole.',
          ]
        : []),
    ],
  };
}

/** Differences between initializations in every setting. */
export function matrixPairTable(result: ExperimentResult): Table {
  const { settings } = result.matrix ?? NO_MATRIX;
  return {
    title: `Pairs of initializations in each setting. Difference of the mean test AUROC over the same redraws, with ${confidence(result.statistics.confidence)} intervals.`,
    columns: differenceColumns('Setting'),
    groups: datasetsOf(settings).flatMap((dataset) => {
      const pairs = settings.flatMap((setting) =>
        setting.comparisons
          .filter((pair) => pair.dataset === dataset)
          .map(({ first, second, mean }) => ({ pair: `${first} \u2212 ${second}`, setting: setting.name, mean })),
      );
      return distinct(pairs.map(({ pair }) => pair)).map((pair) => ({
        heading: `${dataset}: ${pair}`,
        rows: pairs.filter((it) => it.pair === pair).map(({ setting, mean }) => differenceRow(setting, mean)),
      }));
    }),
    notes: [pNote(result, `${result.statistics.families.mean}, in each setting by itself`)],
  };
}

/** What a change of one factor does to each initialization. */
export function settingPairTable(result: ExperimentResult): Table {
  const { comparisons } = result.matrix ?? NO_MATRIX;
  const headingOf = ({ dataset, initialization }: MatrixResult['comparisons'][number]) =>
    `${dataset}: ${initialization}`;
  return {
    title: `Pairs of settings that differ in one factor. Difference of the mean test AUROC over the same redraws, with ${confidence(result.statistics.confidence)} intervals.`,
    columns: differenceColumns('Difference'),
    groups: distinct(comparisons.map(headingOf)).map((heading) => ({
      heading,
      rows: comparisons
        .filter((it) => headingOf(it) === heading)
        .map(({ first, second, mean }) => differenceRow(`${first} \u2212 ${second}`, mean)),
    })),
    notes: [pNote(result, 'the pairs of settings of one initialization and data set')],
  };
}

/** AUROC over the share of labels, and over the image size: a panel per data set, all else as in the reference. */
export function matrixFigures(result: ExperimentResult): Figure[] {
  const { factors, settings } = result.matrix ?? NO_MATRIX;
  const axes: [MatrixFactor, string][] = [
    ['labelFraction', 'share of the training patients with labels'],
    ['imageSize', 'image size in pixels'],
  ];
  return axes.flatMap(([factor, label]) => {
    const values = factors.find((it) => it.factor === factor)?.values ?? [];
    if (values.length < 2) return [];
    const along = settings.filter(({ values }) =>
      factors.every((it) => it.factor === factor || values[it.factor] === it.values[0]),
    );
    const panels = datasetsOf(settings).map((dataset) => ({
      title: dataset,
      svg: curvePlot(result, along, { dataset, factor, label }),
    }));
    const caption = `Mean test AUROC over the ${label}, with ${confidence(result.statistics.confidence)} intervals; everything else as in the reference (${settings[0]!.name}). Scales differ between panels.`;
    return [{ caption, legend: legendOf(result), panels }];
  });
}

function curvePlot(
  { initializations }: ExperimentResult,
  settings: readonly SettingResult[],
  { dataset, factor, label }: { dataset: string; factor: MatrixFactor; label: string },
): string {
  const marks = initializations.flatMap(({ name }, i) => {
    const points = settings.flatMap((setting) => {
      const mean = meanOf(setting, dataset, name);
      return mean ? [{ x: Number(setting.values[factor]), y: mean.estimate, low: mean.low, high: mean.high }] : [];
    });
    points.sort((a, b) => a.x - b.x);
    const { color, dash } = seriesOf(i);
    // Side by side: intervals at one value would cover each other.
    const dx = 4 * (i - (initializations.length - 1) / 2);
    return [
      Plot.ruleX(points, { x: 'x', y1: 'low', y2: 'high', stroke: color, strokeWidth: 1.4, strokeOpacity: 0.7, dx }),
      Plot.line(points, { x: 'x', y: 'y', stroke: color, strokeWidth: 2, strokeDasharray: dash, dx }),
      Plot.dot(points, { x: 'x', y: 'y', fill: color, r: 3, dx }),
    ];
  });
  const ticks = distinct(settings.map(({ values }) => `${values[factor]}`)).map(Number);
  return drawSvg(`Mean AUROC on ${dataset} over the ${label}`, {
    width: 460,
    height: 280,
    marginLeft: 48,
    marginBottom: 40,
    marginRight: 26,
    marginTop: 22,
    x: {
      type: 'log',
      label: capitalized(label),
      labelAnchor: 'center',
      labelArrow: 'none',
      ticks,
      tickFormat: tickText(factor),
    },
    y: { label: 'Mean test AUROC', labelArrow: 'none', grid: true, ticks: 5, nice: true },
    marks,
  });
}

const tickText = (factor: MatrixFactor) => (value: number) =>
  factor === 'labelFraction' ? `${Number((100 * value).toPrecision(3))} %` : `${value}`;

const capitalized = (text: string) => text[0]!.toUpperCase() + text.slice(1);

const datasetsOf = (settings: readonly SettingResult[]) =>
  distinct(settings.flatMap(({ cells }) => cells.map(({ dataset }) => dataset)));

const meanOf = ({ cells }: SettingResult, dataset: string, initialization: string) =>
  cells.find((it) => it.dataset === dataset && it.initialization === initialization)?.meanAuroc;

const differenceColumns = (first: string) => [left(first), right('Mean AUROC'), right('p'), right('p, corrected')];

const differenceRow = (name: string, { difference, p, pAdjusted }: Difference) => [
  cell(name),
  difference ? { text: signed(difference.estimate), range: range(difference) } : cell(NONE),
  cell(pValue(p)),
  cell(pValue(pAdjusted)),
];
