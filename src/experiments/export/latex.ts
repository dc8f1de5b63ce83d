import type { Figure, Table, TableCell } from '../../pages/index.js';
import { escapeLatex, LETTERS_MACRO } from './latex-text.js';
import { type Layout, layoutOf, unbroken } from './layout.js';

/** Lines of text of `article` with letters of 10 pt, in points: on an upright page, and on one in landscape. */
const UPRIGHT = 345;
const LANDSCAPE = 550;
/** More lines than this go over several pages. */
const LINES_OF_A_PAGE = 38;

/** How a table is set so that it stays on its page. */
interface Setting {
  size: 'small' | 'footnotesize' | 'scriptsize';
  /** Its letters are as wide as ten-point letters scaled to this: Computer Modern is wider in small sizes. */
  points: number;
  /** Of intervals, which matter less than the estimates before them. */
  interval: 'footnotesize' | 'scriptsize';
  /** Half the space between columns, in points: `\tabcolsep`. */
  separation: number;
  landscape: boolean;
}

const SETTINGS: readonly Setting[] = [
  { size: 'small', points: 9.2, interval: 'footnotesize', separation: 6, landscape: false },
  { size: 'footnotesize', points: 8.5, interval: 'scriptsize', separation: 4, landscape: false },
  { size: 'footnotesize', points: 8.5, interval: 'scriptsize', separation: 4, landscape: true },
  { size: 'scriptsize', points: 8, interval: 'scriptsize', separation: 3, landscape: true },
];

/**
 * A table in LaTeX with the rules of `booktabs`, no wider than the text: wide columns break their lines, a table with many goes on
 * a page in landscape (`pdflscape`), a long one over several pages (`longtable`). `label` is what `\ref` names it by.
 */
export function latexTable(table: Table, label: string): string {
  const { title, columns, groups, notes } = table;
  const { setting, layout } = settingOf(table);
  const row = (cells: string[]) => `${cells.join(' & ')} \\\\`;
  const heading = row(columns.map(({ text }) => escapeLatex(text)));
  const rows = groups.flatMap(({ heading: name, rows: body }, i) => [
    ...(i > 0 ? ['\\addlinespace'] : []),
    ...(name === undefined ? [] : [row([groupHeading(name, columns.length, layout)])]),
    ...body.map((cells) => row(cells.map((it) => latexCell(it, setting)))),
  ]);
  const caption = `\\caption{${escapeLatex(title)}}\\label{${label}}`;
  const remarks = notes.map((note) => `{\\footnotesize ${escapeLatex(note)}\\par}`);
  const long = layout.lines > LINES_OF_A_PAGE || setting.landscape;
  const style = [
    `\\${setting.size}`,
    `\\setlength{\\tabcolsep}{${setting.separation}pt}`,
    // Rows of several lines are told apart by the space above them.
    ...(layout.natural ? [] : ['\\setlength{\\extrarowheight}{2pt}']),
  ];
  const spec = columnsOf(table, layout);
  const lines = long
    ? [
        setting.landscape ? '\\begin{landscape}' : '\\begingroup',
        ...style,
        '\\setlength{\\LTcapwidth}{\\linewidth}',
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
        '\\end{longtable}',
        ...remarks,
        setting.landscape ? '\\end{landscape}' : '\\endgroup',
      ]
    : [
        '\\begin{table}[htbp]',
        '\\centering',
        ...style,
        caption,
        '\\smallskip',
        `\\begin{tabular}{${spec}}`,
        '\\toprule',
        heading,
        '\\midrule',
        ...rows,
        '\\bottomrule',
        '\\end{tabular}',
        ...(remarks.length > 0 ? ['\\par\\smallskip\\raggedright', ...remarks] : []),
        '\\end{table}',
      ];
  const packages = ['booktabs', 'array', ...(long ? ['longtable'] : []), ...(setting.landscape ? ['pdflscape'] : [])];
  const text = `${lines.join('\n')}\n`;
  return (
    `% \\usepackage{${packages.join(',')}}\n` +
    (long ? '% In a document of two columns: between \\onecolumn and \\twocolumn.\n' : '') +
    (text.includes('\\hilumletters') ? LETTERS_MACRO : '') +
    text
  );
}

/** The first setting in which no word is wider than its column. */
function settingOf(table: Table): { setting: Setting; layout: Layout } {
  const tried = SETTINGS.map((setting) => ({
    setting,
    layout: layoutOf(table, setting.landscape ? LANDSCAPE : UPRIGHT, {
      size: setting.points,
      padding: 2 * setting.separation,
    }),
  }));
  return tried.find(({ layout }) => !layout.tooNarrow) ?? tried.at(-1)!;
}

/** Columns as wide as their content, or as shares of the line: the document's own may be longer or shorter than ours. */
function columnsOf({ columns }: Table, { natural, widths }: Layout): string {
  if (natural) return `@{}${columns.map(({ align }) => (align === 'right' ? 'r' : 'l')).join('')}@{}`;
  const total = widths.reduce((sum, width) => sum + width, 0);
  const last = columns.length - 1;
  const specs = columns.map(({ align }, i) => {
    // The shares are of the line without the space between columns.
    const share = (widths[i]! / total).toFixed(4);
    const ragged = align === 'right' ? '\\raggedleft' : '\\raggedright';
    return `>{${ragged}\\arraybackslash}p{${share}\\dimexpr\\linewidth-${2 * last}\\tabcolsep\\relax}`;
  });
  return `@{}${specs.join('')}@{}`;
}

function groupHeading(name: string, columns: number, { natural }: Layout): string {
  const spec = natural ? 'l' : 'p{\\linewidth}';
  return `\\multicolumn{${columns}}{@{}${spec}@{}}{\\textit{${escapeLatex(name)}}}`;
}

/** A figure with its caption, no higher than a page; `name` is that of the PDF or PNG file, which `\graphicspath` finds. */
export function latexFigure({ caption }: Figure, name: string): string {
  const text = escapeLatex(caption);
  return [
    '% \\usepackage{graphicx}',
    ...(text.includes('\\hilumletters') ? [LETTERS_MACRO.trimEnd()] : []),
    '\\begin{figure}[htbp]',
    '\\centering',
    `\\includegraphics[width=\\linewidth,height=0.8\\textheight,keepaspectratio]{${name}}`,
    `\\caption{${text}}\\label{fig:${name}}`,
    '\\end{figure}',
    '',
  ].join('\n');
}

/** A document that shows all tables, to look at them or to take its first lines into a paper. */
export function latexDocument(files: readonly string[]): string {
  return [
    '% pdflatex, twice: columns over several pages are measured in the first run. For names in other scripts than the Latin one:',
    '% xelatex or lualatex, with a font that has them (e.g. \\usepackage{xeCJK} for Chinese).',
    '\\documentclass{article}',
    '\\usepackage[a4paper,margin=25mm]{geometry}',
    '\\ifdefined\\Umathchar',
    '\\usepackage{fontspec}',
    '% A letter that the font lacks is an error, and not left out.',
    '\\tracinglostchars=3',
    '\\else',
    '\\usepackage[T1]{fontenc}',
    '\\usepackage[utf8]{inputenc}',
    '\\IfFileExists{lmodern.sty}{\\usepackage{lmodern}}{}',
    '\\fi',
    '\\usepackage{booktabs,array,longtable,pdflscape}',
    '\\begin{document}',
    ...files.map((file) => `\\input{${file}}`),
    '\\end{document}',
    '',
  ].join('\n');
}

function latexCell({ text, range, strong }: TableCell, setting: Setting): string {
  const value = escapeLatex(text);
  const interval = range && escapeLatex(unbroken(range));
  return `${strong ? `\\textbf{${value}}` : value}${interval ? ` {\\${setting.interval} ${interval}}` : ''}`;
}
