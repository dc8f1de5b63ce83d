import { stringify } from 'yaml';
import { escapeHtml, figureHtml, headerHtml, navigation, numbering, page, tableHtml } from '../../pages/index.js';
import type { ExperimentResult } from '../result/index.js';
import { methods } from './methods.js';
import { sectionsOf } from './sections.js';

/** Rows from which a table is shown on demand: the page of a study of six data sets has thousands. */
const LONG = 100;

/** The report as one HTML page: no script, no request to anywhere, readable in print and in the dark. */
export function htmlReport(result: ExperimentResult): string {
  const sections = sectionsOf(result);
  const number = numbering();
  const links = [
    { id: 'verdict', heading: 'Verdict' },
    ...sections,
    { id: 'methods', heading: 'Methods' },
    { id: 'configuration', heading: 'Configuration' },
  ];
  const body = [
    headerHtml({
      title: result.name,
      lead: result.description,
      version: result.hilum.version,
      createdAt: result.createdAt,
    }),
    navigation(links),
    '<main>',
    `<section id="verdict"><h2>Verdict</h2>${verdictHtml(result.verdict)}</section>`,
    ...sections.map(({ id, heading, tables, figures }) => {
      const drawn = figures().filter(({ panels }) => panels.length > 0);
      const parts = [
        ...tables.map((table) => tableHtml(table, number('Table'), { foldAbove: LONG })),
        ...drawn.map((figure) => figureHtml(figure, number('Figure'))),
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
  return page({ title: result.name, body: body.join('\n') });
}

/** The sentences, below what they speak of: a data set, an analysis. */
function verdictHtml(sentences: readonly string[]): string {
  let last: string | undefined;
  const items = sentences.map((sentence) => {
    const [, topic, rest] = /^(.{1,60}?): (.*)$/s.exec(sentence) ?? [];
    const term = topic !== undefined && topic !== last ? `<dt>${escapeHtml(topic)}</dt>` : '';
    last = topic ?? last;
    return `${term}<dd>${escapeHtml(rest ?? sentence)}</dd>`;
  });
  return `<dl class="verdict">${items.join('\n')}</dl>`;
}
