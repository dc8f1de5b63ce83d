import { stringify } from 'yaml';
import type { ExperimentResult } from '../result.js';
import type { Figure } from './figures.js';
import { escapeHtml } from './format.js';
import { methods } from './methods.js';
import { sectionsOf } from './sections.js';
import { STYLE } from './style.js';
import { seriesOf } from './svg.js';
import type { Table, TableCell } from './table.js';

/** The report as one HTML page: no script, no request to anywhere, readable in print and in the dark. */
export function htmlReport(result: ExperimentResult): string {
  const sections = sectionsOf(result);
  const number = numbering();
  const links = [...sections, { id: 'methods', heading: 'Methods' }, { id: 'configuration', heading: 'Configuration' }];
  const body = [
    '<header>',
    `<h1>${escapeHtml(result.name)}</h1>`,
    result.description ? `<p class="lead">${escapeHtml(result.description)}</p>` : '',
    `<p class="meta">hilum ${escapeHtml(result.hilum.version)}, <time datetime="${escapeHtml(result.createdAt)}">${escapeHtml(result.createdAt.slice(0, 10))}</time></p>`,
    '</header>',
    '<main>',
    `<section id="verdict"><h2>Verdict</h2><ul class="verdict">${result.verdict.map((it) => `<li>${escapeHtml(it)}</li>`).join('')}</ul>`,
    `<nav aria-label="Sections">${links.map(({ id, heading }) => `<a href="#${id}">${heading}</a>`).join(' ')}</nav></section>`,
    ...sections.map(({ id, heading, table, figures }) => {
      const drawn = figures().filter(({ panels }) => panels.length > 0);
      const parts = [
        tableHtml(table, number('Table')),
        ...drawn.map((figure) => figureHtml(figure, number('Figure'), result)),
      ];
      return `<section id="${id}"><h2>${heading}</h2>\n${parts.join('\n')}\n</section>`;
    }),
    `<section id="methods"><h2>Methods</h2>${methods(result)
      .map((it) => `<p>${escapeHtml(it)}</p>`)
      .join('')}</section>`,
    '<section id="configuration"><h2>Configuration</h2>',
    `<details><summary>The experiment with every default filled in</summary><pre>${escapeHtml(stringify(result.configuration))}</pre></details></section>`,
    '</main>',
  ];
  return page(result.name, body.filter(Boolean).join('\n'));
}

function numbering(): (kind: 'Table' | 'Figure') => string {
  const last = { Table: 0, Figure: 0 };
  return (kind) => {
    last[kind] += 1;
    return `${kind} ${last[kind]}`;
  };
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

function tableHtml({ title, columns, groups, notes }: Table, number: string): string {
  const align = (i: number) => (columns[i]?.align === 'right' ? ' class="right"' : '');
  const row = (cells: TableCell[]) =>
    `<tr>${cells
      .map((it, i) => (i === 0 ? `<th scope="row">${cellHtml(it)}</th>` : `<td${align(i)}>${cellHtml(it)}</td>`))
      .join('')}</tr>`;
  const bodies = groups.map(({ heading, rows }) => {
    const head = heading
      ? `<tr><th class="group" scope="rowgroup" colspan="${columns.length}">${escapeHtml(heading)}</th></tr>`
      : '';
    return `<tbody>${head}${rows.map(row).join('\n')}</tbody>`;
  });
  return [
    `<div class="scroll" tabindex="0"><table${columns.length > 5 ? ' class="wide"' : ''}>`,
    `<caption><strong>${number}.</strong> ${escapeHtml(title)}</caption>`,
    `<thead><tr>${columns.map(({ text }, i) => `<th scope="col"${align(i)}>${escapeHtml(text)}</th>`).join('')}</tr></thead>`,
    ...bodies,
    '</table></div>',
    notes.length > 0 ? `<ul class="notes">${notes.map((note) => `<li>${escapeHtml(note)}</li>`).join('')}</ul>` : '',
  ].join('\n');
}

function cellHtml({ text, range, strong }: TableCell): string {
  const value = escapeHtml(text);
  return `${strong ? `<strong>${value}</strong>` : value}${range ? ` <span class="range">${escapeHtml(range)}</span>` : ''}`;
}

function figureHtml({ caption, legend, panels }: Figure, number: string, result: ExperimentResult): string {
  const items = legend.map((name) => {
    const { color, dash } = seriesOf(result.initializations.findIndex((it) => it.name === name));
    const line = `<line x1="0" y1="6" x2="30" y2="6" stroke="${color}" stroke-width="2.2" stroke-dasharray="${dash}"/>`;
    return `<li><svg width="30" height="12" aria-hidden="true">${line}</svg>${escapeHtml(name)}</li>`;
  });
  return [
    '<figure>',
    items.length > 0 ? `<ul class="legend">${items.join('')}</ul>` : '',
    `<div class="panels">${panels
      .map(({ title, svg }) => `<div class="panel">${title ? `<h3>${escapeHtml(title)}</h3>` : ''}${svg}</div>`)
      .join('\n')}</div>`,
    `<figcaption><strong>${number}.</strong> ${escapeHtml(caption)}</figcaption>`,
    '</figure>',
  ].join('\n');
}
