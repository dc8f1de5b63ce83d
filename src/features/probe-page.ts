import * as Plot from '@observablehq/plot';
import { packageVersion } from '../base/index.js';
import {
  count,
  drawSvg,
  escapeHtml,
  type Figure,
  figureHtml,
  headerHtml,
  listed,
  numbering,
  page,
  seriesOf,
  type Table,
  tableHtml,
} from '../pages/index.js';
import { describeNetwork } from './describe-network.js';
import type { ProbeResult } from './probe.js';
import { differencesTable, findingsTable, scoresTable } from './probe-tables.js';

/** What a probe found, as one HTML page that needs nothing else. */
export function probePage(result: ProbeResult): string {
  const number = numbering();
  const table = (content: Table) => tableHtml(content, number('Table'));
  const { data, images, weights } = result;
  const sections = [
    { heading: 'Scores', html: table(scoresTable(result)) },
    { heading: 'Differences', html: weights.length > 1 ? table(differencesTable(result)) : '' },
    { heading: 'Regularization paths', html: figureHtml(pathFigure(result), number('Figure')) },
    { heading: 'Findings', html: data.kind === 'findings' ? table(findingsTable(result)) : '' },
    { heading: 'Networks', html: networksHtml(result) },
  ].filter(({ html }) => html !== '');
  const body = [
    headerHtml({
      title: `Frozen features on ${data.name}`,
      lead: `${listed(weights.map((it) => it.weights))}; ${count(images.train)} images to train, ${count(images.validate)} to validate, ${count(images.test)} to test`,
      version: packageVersion(),
      createdAt: new Date().toISOString(),
    }),
    '<main>',
    ...sections.map(({ heading, html }) => `<section><h2>${heading}</h2>\n${html}\n</section>`),
    '</main>',
  ];
  return page({ title: `Frozen features on ${data.name}`, body: body.join('\n') });
}

/** C against the score on validation, one line for each of the weights. */
function pathFigure({ data, weights }: ProbeResult): Figure {
  const score = data.kind === 'findings' ? 'Mean AUROC' : 'Accuracy';
  const points = weights.flatMap(({ weights: name, linear }, i) =>
    linear.path.filter(({ mean }) => !Number.isNaN(mean)).map(({ c, mean }) => ({ name, c, mean, ...seriesOf(i) })),
  );
  const best = weights.flatMap(({ weights: name }) => {
    const own = points.filter((point) => point.name === name);
    return own.length > 0 ? [own.reduce((a, b) => (b.mean > a.mean ? b : a))] : [];
  });
  const svg = drawSvg(
    `${score} on validation along the regularization path: ${listed(best.map(({ name, c, mean }) => `${name} highest at C ${c.toExponential(1)}, ${mean.toFixed(3)}`))}`,
    {
      width: 700,
      height: 320,
      marginLeft: 56,
      marginBottom: 46,
      x: {
        type: 'log',
        label: 'C (weaker penalty to the right)',
        labelAnchor: 'center',
        labelArrow: 'none',
        ticks: 6,
        tickFormat: power,
      },
      y: { label: `${score}, validation`, grid: true, nice: true, labelArrow: 'none' },
      color: { type: 'identity' },
      marks: [
        ...weights.map(({ weights: name }, i) =>
          Plot.line(
            points.filter((point) => point.name === name),
            { x: 'c', y: 'mean', stroke: 'color', strokeWidth: 2, strokeDasharray: seriesOf(i).dash },
          ),
        ),
        Plot.dot(best, { x: 'c', y: 'mean', fill: 'color', r: 4 }),
      ],
    },
  );
  return {
    caption:
      `${score} of the linear probe on validation at each inverse strength C of the penalty; a dot marks the highest.` +
      (data.kind === 'findings' ? ' Each finding took its own C.' : ''),
    legend: weights.map(({ weights: name }, i) => ({ name, ...seriesOf(i) })),
    panels: [{ svg }],
  };
}

function networksHtml({ weights }: ProbeResult): string {
  const rows = weights.map(
    ({ weights: name, network }) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(describeNetwork(network))}</dd>`,
  );
  return `<dl>${rows.join('')}</dl>`;
}

/** `10⁻²` */
function power(c: number): string {
  const digits = `${Math.round(Math.log10(c))}`;
  return `10${[...digits].map((digit) => (digit === '-' ? '\u207b' : '\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079'[Number(digit)])).join('')}`;
}
