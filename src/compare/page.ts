import { join } from 'node:path';
import * as Plot from '@observablehq/plot';
import { writeFileAtomic, writeJson } from '../base/index.js';
import {
  counted,
  drawSvg,
  escapeHtml,
  type Figure,
  figureHtml,
  headerHtml,
  numbering,
  page,
  seriesOf,
  shortened,
  tableHtml,
} from '../pages/index.js';
import type { ModelComparison } from './result.js';
import { comparisonCsv, comparisonTable, delongByPatient } from './tables.js';
import { confidence, signed } from './verdict.js';

/** The comparison as one HTML page that needs nothing else. */
export function comparisonPage(result: ModelComparison): string {
  const number = numbering();
  const { first, second, notes, statistics: it } = result;
  const title = `${first.name} and ${second.name}`;
  const files = [first, second].map(
    ({ name, files: own }) => `<dt>${escapeHtml(name)}</dt><dd>${own.map(escapeHtml).join('<br>')}</dd>`,
  );
  const body = [
    headerHtml({ title, lead: result.verdict, version: result.hilum, createdAt: result.createdAt }),
    '<main>',
    `<section><h2>Differences</h2>\n${figureHtml(forest(result), number('Figure'))}\n${tableHtml(comparisonTable(result), number('Table'))}</section>`,
    `<section><h2>Files</h2><dl>${files.join('')}${result.data.labels ? `<dt>labels</dt><dd>${escapeHtml(result.data.labels)}</dd>` : ''}</dl></section>`,
    `<section><h2>Methods</h2><p>${escapeHtml(methods(result))}</p>${notes.length > 0 ? `<ul>${notes.map((text) => `<li>${escapeHtml(text)}</li>`).join('')}</ul>` : ''}<p>Seed ${it.seed}.</p></section>`,
    '</main>',
  ];
  return page({ title, body: body.join('\n') });
}

/** Writes `comparison.html`, `comparison.csv` and `comparison.json`. */
export function writeComparison(result: ModelComparison, folder: string): string[] {
  const paths = ['comparison.html', 'comparison.csv', 'comparison.json'].map((name) => join(folder, name));
  writeFileAtomic(paths[0]!, comparisonPage(result));
  writeFileAtomic(paths[1]!, comparisonCsv(result));
  writeJson(paths[2]!, result);
  return paths;
}

/** Differences with their intervals, the mean at the top; with a margin, its two lines. */
function forest({ first, second, mean, findings, statistics: { margin, confidence: level } }: ModelComparison): Figure {
  const labels = distinct(['mean of findings', ...findings.map(({ finding }) => finding)]);
  const rows = [mean, ...findings].flatMap(({ difference }, i) =>
    difference ? [{ name: labels[i]!, isMean: i === 0, ...difference }] : [],
  );
  const svg = drawSvg(
    `Differences of AUROC, ${first.name} minus ${second.name}: ${rows.map(({ name, estimate }) => `${name} ${signed(estimate)}`).join(', ')}`,
    {
      width: 700,
      height: 60 + 24 * rows.length,
      marginLeft: Math.min(200, 20 + 6.5 * Math.max(...labels.map((name) => name.length))),
      marginBottom: 44,
      x: {
        label: `AUROC of ${shortened(first.name, 28)} \u2212 ${shortened(second.name, 28)}`,
        labelAnchor: 'center',
        labelArrow: 'none',
        grid: true,
        nice: true,
      },
      y: { label: null, domain: rows.map(({ name }) => name) },
      color: { type: 'identity' },
      marks: [
        Plot.ruleX([0]),
        ...(margin === null ? [] : [Plot.ruleX([-margin, margin], { strokeDasharray: '4 3' })]),
        Plot.link(rows, { y1: 'name', y2: 'name', x1: 'low', x2: 'high', stroke: colorOf, strokeWidth: 2 }),
        Plot.dot(rows, { y: 'name', x: 'estimate', fill: colorOf, r: 4 }),
      ],
    },
  );
  const lines = margin === null ? '' : ' Dashed: the margin.';
  return {
    caption: `Difference of AUROC with ${confidence(level)} intervals; right of 0, ${first.name} is better.${lines}`,
    legend: [],
    panels: [{ svg }],
  };
}

/** Names short enough for the figure; with their number where two would be one. */
function distinct(names: readonly string[]): string[] {
  const short = names.map((name) => shortened(name, 30));
  return short.map((name, i) => (short.indexOf(name) === i ? name : `${name} ${i}`));
}

const colorOf = ({ isMean }: { isMean: boolean }) => seriesOf(isMean ? 0 : 1).color;

function methods(result: ModelComparison): string {
  const { first, second, statistics: it, data } = result;
  const [a, b] = [first.files.length, second.files.length];
  const seeds =
    a + b > 2
      ? ` ${first.name} has ${counted(a, 'training seed')}, ${second.name} ${b}, redrawn with replacement along with the test set; of S seeds the variance between trainings comes out too small by (S \u2212 1) / S.`
      : ' Each model was trained once: the variance between trainings is not in the intervals.';
  return (
    `Both models were tested on the same ${counted(data.images, 'image')}. Intervals are ${it.interval === 'bca' ? 'BCa' : 'percentile'} intervals of ${counted(it.redraws, 'bootstrap redraw')} of ` +
    `${counted(it.units, it.unit)}, the same for both models; p-values are (k + 1) / (B + 1).${seeds} The permutation test exchanges the ranks that both models give each ${it.unit}. ` +
    `DeLong's test takes training seeds as given and ${
      delongByPatient(result)
        ? 'has the variance of Obuchowski (Biometrics 53:567, 1997), in which the images of a patient are not independent.'
        : 'images as independent.'
    }`
  );
}
