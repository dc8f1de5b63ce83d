import { counted, escapeHtml } from './format.js';

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

/** From how many columns a table has smaller letters, and its intervals below their numbers. */
const [WIDE, DENSE] = [6, 8];

/** `number` is how the page counts the table, e.g. `Table 1`. A table of more rows than `foldAbove` shows its title until it is opened. */
export function tableHtml(
  { title, columns, groups, notes }: Table,
  number: string,
  { foldAbove = Number.POSITIVE_INFINITY } = {},
): string {
  const align = (i: number) => (columns[i]?.align === 'right' ? ' class="right"' : '');
  const row = (cells: TableCell[]) =>
    `<tr>${cells
      .map((it, i) => (i === 0 ? `<th scope="row">${cellHtml(it)}</th>` : `<td${align(i)}>${cellHtml(it)}</td>`))
      .join('')}</tr>`;
  const bodies = groups.map(({ heading, rows }) => {
    const head = heading
      ? `<tr><th class="group" scope="rowgroup" colspan="${columns.length}"><span>${escapeHtml(heading)}</span></th></tr>`
      : '';
    return `<tbody>${head}${rows.map(row).join('\n')}</tbody>`;
  });
  const id = number.toLowerCase().replaceAll(' ', '-');
  const kinds = [columns.length >= WIDE && 'wide', columns.length >= DENSE && 'dense'].filter(Boolean).join(' ');
  const content = [
    `<div class="scroll" tabindex="0" role="region" aria-labelledby="${id}"><table${kinds ? ` class="${kinds}"` : ''} aria-labelledby="${id}">`,
    `<thead><tr>${columns.map(({ text }, i) => `<th scope="col"${align(i)}>${escapeHtml(text)}</th>`).join('')}</tr></thead>`,
    ...bodies,
    '</table></div>',
    notes.length > 0 ? `<ul class="notes">${notes.map((note) => `<li>${escapeHtml(note)}</li>`).join('')}</ul>` : '',
  ].join('\n');
  const caption = `<strong>${number}.</strong> ${escapeHtml(title)}`;
  const count = groups.reduce((sum, { rows }) => sum + rows.length, 0);
  return count > foldAbove
    ? `<details class="folded"><summary><span class="caption" id="${id}">${caption}</span> <span class="rows">${counted(count, 'row')}</span></summary>${content}</details>`
    : `<p class="caption" id="${id}">${caption}</p>\n${content}`;
}

function cellHtml({ text, range, strong }: TableCell): string {
  const value = escapeHtml(text);
  return `${strong ? `<strong>${value}</strong>` : value}${range ? ` <span class="range">${escapeHtml(range)}</span>` : ''}`;
}
