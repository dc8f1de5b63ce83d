import { stringify } from 'yaml';
import { listed, numbering, type Table, type TableCell } from '../../pages/index.js';
import type { ExperimentResult } from '../result/index.js';
import { csvFiles } from './csv.js';
import { escapeMarkdown } from './format.js';
import { methods } from './methods.js';
import { sectionsOf } from './sections.js';

/** The report as GitHub-flavoured Markdown: the verdict, the tables, methods and configuration. Figures are in the HTML. */
export function markdownReport(result: ExperimentResult): string {
  const number = numbering();
  return `${[
    `# ${escapeMarkdown(result.name)}`,
    ...(result.description ? [escapeMarkdown(result.description)] : []),
    '## Verdict',
    result.verdict.map((sentence) => `- ${escapeMarkdown(sentence)}`).join('\n'),
    ...sectionsOf(result).flatMap(({ heading, tables }) => [
      `## ${heading}`,
      ...tables.map((table) => markdownTable(table, number('Table'))),
    ]),
    '## Methods',
    ...methods(result).map(escapeMarkdown),
    '## Configuration',
    fenced(stringify(result.configuration), 'yaml'),
    `Made ${escapeMarkdown(result.createdAt)}. Curves and plots: report.html; every number: ${listed(csvFiles(result).map(({ name }) => name))}.`,
  ].join('\n\n')}\n`;
}

/** `number` is how the document counts the table, if it does. */
export function markdownTable({ title, columns, groups, notes }: Table, number?: string): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const rows = groups.flatMap(({ heading, rows: body }) => [
    ...(heading === undefined ? [] : [line([`**${escapeMarkdown(heading)}**`, ...columns.slice(1).map(() => '')])]),
    ...body.map((cells) => line(cells.map(markdownCell))),
  ]);
  return [
    `${number ? `**${number}.** ` : ''}${escapeMarkdown(title)}`,
    [
      line(columns.map(({ text }) => escapeMarkdown(text))),
      line(columns.map(({ align }) => (align === 'right' ? '---:' : ':---'))),
      ...rows,
    ].join('\n'),
    ...(notes.length > 0 ? [notes.map((note) => `- ${escapeMarkdown(note)}`).join('\n')] : []),
  ].join('\n\n');
}

function markdownCell({ text, range, strong }: TableCell): string {
  const value = escapeMarkdown(text);
  return `${strong ? `**${value}**` : value}${range ? ` ${range}` : ''}`;
}

/** A code block that its content cannot close. */
function fenced(content: string, language: string): string {
  const longest = Math.max(2, ...(content.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${content.trimEnd()}\n${fence}`;
}
