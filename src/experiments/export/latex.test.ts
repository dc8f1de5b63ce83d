import { describe, expect, it } from 'vitest';
import { cell, left, right, type Table } from '../../pages/index.js';
import { withHostileNames } from '../report/fixtures/hostile.js';
import { exampleResult } from '../report/fixtures/result.js';
import { sectionsOf } from '../report/sections.js';
import { CHINESE, manuscriptResult } from './fixtures/manuscript.js';
import { latexDocument, latexTable } from './latex.js';
import { escapeLatex } from './latex-text.js';

describe('escapeLatex', () => {
  it('escapes what LaTeX reads as its own', () => {
    expect(escapeLatex('a_b 5 % \\x {y} [z] ~ ^ # $ & \u22120.1 < "q" `r` 1--2')).toBe(
      'a\\_\\allowbreak{}b 5 \\% \\textbackslash{}x \\{y\\} {[}z{]} \\textasciitilde{} \\textasciicircum{} \\# \\$ \\& $-$0.1 ' +
        '\\textless{} \u201cq\u201d \\textasciigrave{}r\\textasciigrave{} 1-{}-2',
    );
  });

  it('writes Greek and signs as mathematics, keeps what pdfLaTeX has, and names the code points of the rest', () => {
    expect(escapeLatex('\u03b1 \u03a3 \u2265 \u00b1 \u00d7')).toBe('$\\alpha$ $\\Sigma$ $\\geq$ $\\pm$ $\\times$');
    expect(escapeLatex('H\u00f4pital \u010cesk\u00fd \u0141\u00f3d\u017a')).toBe(
      'H\u00f4pital \u010cesk\u00fd \u0141\u00f3d\u017a',
    );
    expect(escapeLatex(`C\u030cesky\u0301 ${CHINESE}`)).toBe(
      '\u010cesk\u00fd \\hilumletters{\u80f8\u90e8}{U+80F8 U+90E8}X\\hilumletters{\u5149\u7247}{U+5149 U+7247}',
    );
  });
});

describe('latexTable', () => {
  const table = (columns: number, text: string, rows = 3): Table => ({
    title: 'A table.',
    columns: [left('Name'), ...Array.from({ length: columns - 1 }, (_, i) => right(`Column ${i}`))],
    groups: [
      {
        rows: Array.from({ length: rows }, () => [
          cell(text),
          ...Array.from({ length: columns - 1 }, () => ({ text: '0.812', range: '[0.801, 0.899]' })),
        ]),
      },
    ],
    notes: [],
  });

  it('keeps to the line: natural columns, else broken lines, else a page in landscape', () => {
    expect(latexTable(table(3, 'random'), 'x')).toContain('\\begin{tabular}{@{}lrr@{}}');
    const broken = latexTable(table(3, 'a long name of many words '.repeat(6)), 'x');
    const shares = [...broken.matchAll(/p\{([\d.]+)\\dimexpr\\linewidth-4\\tabcolsep\\relax\}/g)].map(([, it]) =>
      Number(it),
    );
    expect(shares).toHaveLength(3);
    expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 3);
    expect(broken).not.toContain('landscape');
    const wide = latexTable(table(8, 'random'), 'x');
    expect(wide).toMatch(/\\usepackage\{booktabs,array,longtable,pdflscape\}[\s\S]*\\begin\{landscape\}/);
  });

  it('lets a long table go over several pages, also where only its lines are many', () => {
    expect(latexTable(table(3, 'random', 30), 'x')).toContain('\\begin{table}');
    expect(latexTable(table(3, 'random', 45), 'x')).toContain('\\begin{longtable}');
    expect(latexTable(table(3, 'a long name of many words '.repeat(6), 15), 'x')).toContain('\\begin{longtable}');
  });

  it('does not break an interval', () => {
    expect(latexTable(table(2, 'random'), 'x')).toContain('0.812 {\\footnotesize {[}0.801,~0.899{]}}');
  });

  it('gives every row as many columns, on one line', () => {
    const [operating] = sectionsOf(withHostileNames(exampleResult())).find(
      ({ id }) => id === 'operating-point',
    )!.tables;
    const rows = latexTable(operating!, 'tab:x')
      .split('\n')
      .filter((line) => line.endsWith('\\\\') && !/multicolumn|caption/.test(line));
    for (const row of rows) expect(row.match(/(?<!\\)&/g)).toHaveLength(operating!.columns.length - 1);
    expect(rows).toHaveLength(2 + operating!.groups.flatMap((group) => group.rows).length);
  });

  it('defines what letters of other scripts become only where there are such', () => {
    const of = (id: string) => latexTable(sectionsOf(manuscriptResult()).find((it) => it.id === id)!.tables[0]!, 'x');
    expect(of('data')).toContain('\\providecommand{\\hilumletters}');
    expect(of('settings')).not.toContain('\\hilumletters');
  });

  it('names no file twice in the document of all', () => {
    expect(latexDocument(['a', 'b']).match(/\\input\{[ab]\}/g)).toEqual(['\\input{a}', '\\input{b}']);
  });
});
