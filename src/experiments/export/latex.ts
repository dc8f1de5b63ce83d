import type { Table, TableCell } from '../../pages/index.js';

/** More rows than this go over several pages. */
const ROWS_OF_A_PAGE = 40;

/** A table in LaTeX with the rules of `booktabs`; a long one as a `longtable`. `label` is what `\ref` names it by. */
export function latexTable({ title, columns, groups, notes }: Table, label: string): string {
  const spec = columns.map(({ align }) => (align === 'right' ? 'r' : 'l')).join('');
  const row = (cells: string[]) => `${cells.join(' & ')} \\\\`;
  const heading = row(columns.map(({ text }) => escapeLatex(text)));
  const rows = groups.flatMap(({ heading: name, rows: body }, i) => [
    ...(i > 0 ? ['\\addlinespace'] : []),
    ...(name === undefined ? [] : [row([`\\multicolumn{${columns.length}}{l}{\\textit{${escapeLatex(name)}}}`])]),
    ...body.map((cells) => row(cells.map(latexCell))),
  ]);
  const caption = `\\caption{${escapeLatex(title)}}\\label{${label}}`;
  const remarks = notes.map((note) => `{\\footnotesize ${escapeLatex(note)}\\par}`);
  const long = rows.length > ROWS_OF_A_PAGE;
  const lines = long
    ? [
        '{\\small',
        `\\begin{longtable}{${spec}}`,
        `${caption}\\\\`,
        '\\toprule',
        heading,
        '\\midrule',
        '\\endfirsthead',
        '\\toprule',
        heading,
        '\\midrule',
        '\\endhead',
        '\\bottomrule',
        '\\endfoot',
        ...rows,
        '\\end{longtable}}',
        ...remarks,
      ]
    : [
        '\\begin{table}',
        '\\small',
        caption,
        `\\begin{tabular}{${spec}}`,
        '\\toprule',
        heading,
        '\\midrule',
        ...rows,
        '\\bottomrule',
        '\\end{tabular}',
        ...(remarks.length > 0 ? ['\\par\\smallskip', ...remarks] : []),
        '\\end{table}',
      ];
  return `${lines.join('\n')}\n`;
}

/** A document that shows all tables, to look at them or to take its first lines into a paper. */
export function latexDocument(files: readonly string[]): string {
  return [
    '\\documentclass{article}',
    '\\usepackage[a4paper,landscape,margin=15mm]{geometry}',
    '\\usepackage[T1]{fontenc}',
    '\\usepackage[utf8]{inputenc}',
    '\\usepackage{booktabs,longtable}',
    '\\begin{document}',
    ...files.map((file) => `\\input{${file}}`),
    '\\end{document}',
    '',
  ].join('\n');
}

function latexCell({ text, range, strong }: TableCell): string {
  const value = escapeLatex(text);
  return `${strong ? `\\textbf{${value}}` : value}${range ? ` {\\footnotesize ${escapeLatex(range)}}` : ''}`;
}

const SPECIAL: Record<string, string> = {
  '\\': '\\textbackslash{}',
  '^': '\\textasciicircum{}',
  '~': '\\textasciitilde{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '"': '\\textquotedbl{}',
  '[': '{[}',
  ']': '{]}',
  '\u2212': '$-$',
  '\u2013': '--',
  '\u2014': '---',
  '\u2020': '\\dag{}',
  '\u2026': '\\dots{}',
  '\u2264': '$\\leq$',
  '\u2265': '$\\geq$',
  '\u00d7': '$\\times$',
};

/** Makes text literal. Brackets are wrapped: after `\\` they would be its option. */
export function escapeLatex(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(
      /[#$%&_{}]|[^\x20-\x5a\x61-\x7a]|[<>"]/g,
      (char) => SPECIAL[char] ?? (/[#$%&_{}]/.test(char) ? `\\${char}` : char),
    );
}
