import { stringify } from 'yaml';
import { escapeHtml, figureHtml, headerHtml, navigation, numbering, page, tableHtml } from '../../pages/index.js';
import type { ExperimentResult } from '../result/index.js';
import { methods } from './methods.js';
import { sectionsOf } from './sections.js';

/** The report as one HTML page: no script, no request to anywhere, readable in print and in the dark. */
export function htmlReport(result: ExperimentResult): string {
  const sections = sectionsOf(result);
  const number = numbering();
  const links = [...sections, { id: 'methods', heading: 'Methods' }, { id: 'configuration', heading: 'Configuration' }];
  const body = [
    headerHtml({
      title: result.name,
      lead: result.description,
      version: result.hilum.version,
      createdAt: result.createdAt,
    }),
    '<main>',
    `<section id="verdict"><h2>Verdict</h2><ul class="verdict">${result.verdict.map((it) => `<li>${escapeHtml(it)}</li>`).join('')}</ul>`,
    `${navigation(links)}</section>`,
    ...sections.map(({ id, heading, tables, figures }) => {
      const drawn = figures().filter(({ panels }) => panels.length > 0);
      const parts = [
        ...tables.map((table) => tableHtml(table, number('Table'))),
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
