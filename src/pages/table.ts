import { escapeHtml } from './format.js';

/** A table without a format: the same rows become HTML, Markdown or text. All strings are plain text, to be escaped by the writer. */
export interface Table {
  title: string;
  columns: Column[];
  groups: { heading?: string; rows: TableCell[][] }[];
  notes: string[];
}

export interface Column {
  text: string;
  align: 'left' | 'right';
}

export interface TableCell {
  text: string;
  /** The interval that belongs to a number. */
  range?: string;
  strong?: boolean;
}

export const left = (text: string): Column => ({ text, align: 'left' });
export const right = (text: string): Column => ({ text, align: 'right' });
export const cell = (text: string): TableCell => ({ text });

/** `number` is how the page counts the table, e.g. `Table 1`. */
export function tableHtml({ title, columns, groups, notes }: Table, number: string): string {
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
