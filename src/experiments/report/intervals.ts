import * as Plot from '@observablehq/plot';
import { drawSvg, type Figure, listed, shortened } from '../../pages/index.js';
import type { Interval } from '../result/index.js';
import { range } from './format.js';

export interface IntervalRow {
  label: string;
  interval: Interval;
  /** The estimate as it is printed. */
  text: string;
  color: string;
}

export const NEUTRAL = 'var(--muted)';

/** Letters of a label that there is room for. */
const LABEL = 48;

/** One panel per group, all on the same scale: estimates as dots on their intervals, printed at the right. */
export function intervalPanels(
  groups: readonly { title: string; rows: IntervalRow[] }[],
  xLabel: string,
  reference: number,
): Figure['panels'] {
  const all = groups.flatMap(({ rows }) => rows);
  const ends = [...all.flatMap(({ interval }) => [interval.low, interval.high]), reference];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const pad = 0.03 * (high - low || 1);
  const scale = { domain: [low - pad, high + pad], reference, xLabel };
  const marginLeft = 16 + 6.8 * Math.max(0, ...all.map(({ label }) => shortened(label, LABEL).length));
  return groups
    .filter(({ rows }) => rows.length > 0)
    .map(({ title, rows }) => ({ title, svg: intervalPlot(title, rows, scale, marginLeft) }));
}

function intervalPlot(
  title: string,
  rows: IntervalRow[],
  { domain, reference, xLabel }: { domain: number[]; reference: number; xLabel: string },
  marginLeft: number,
): string {
  const marks = rows.map((row, index) => ({
    ...row,
    ...row.interval,
    text: `${row.text} ${range(row.interval)}`,
    index,
  }));
  return drawSvg(`${xLabel}, ${title}: ${listed(marks.map(({ label, text }) => `${label} ${text}`))}`, {
    width: 800,
    height: 52 + 26 * rows.length,
    marginLeft,
    marginRight: 172,
    marginTop: 6,
    marginBottom: 42,
    x: { domain, label: xLabel, labelAnchor: 'center', labelArrow: 'none', ticks: 6, grid: true },
    y: {
      type: 'point',
      domain: rows.map((_, i) => i),
      tickSize: 0,
      label: null,
      tickFormat: (i) => shortened(rows[i]!.label, LABEL),
    },
    color: { type: 'identity' },
    marks: [
      Plot.ruleX([reference], { stroke: 'currentColor', strokeDasharray: '4 3', strokeOpacity: 0.7 }),
      Plot.ruleY(marks, { y: 'index', x1: 'low', x2: 'high', stroke: 'color', strokeWidth: 2 }),
      Plot.dot(marks, { y: 'index', x: 'estimate', fill: 'color', r: 4.5 }),
      Plot.text(marks, { y: 'index', text: 'text', frameAnchor: 'right', textAnchor: 'start', dx: 12 }),
    ],
  });
}
