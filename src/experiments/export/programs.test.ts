import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { sectionsOf } from '../report/sections.js';
import { docxTables } from './docx.js';
import { manuscriptResult } from './fixtures/manuscript.js';
import { latexTable } from './latex.js';

const folder = mkdtempSync(join(tmpdir(), 'hilum-programs-'));
afterAll(() => rmSync(folder, { recursive: true }));

function has(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const tables = sectionsOf(manuscriptResult()).flatMap((section) => section.tables);

describe('in the programs that users have', () => {
  it.skipIf(!has('pdflatex'))(
    'every table is set by pdfLaTeX, in a plain document, without a box that is too wide (needs pdflatex)',
    () => {
      for (const [i, table] of tables.entries())
        writeFileSync(join(folder, `t${i}.tex`), latexTable(table, `tab:${i}`));
      const inputs = tables.map((_, i) => `\\input{t${i}}`).join('\n');
      const packages = '\\usepackage{booktabs,array,longtable,pdflscape}';
      const text = `\\documentclass{article}\n${packages}\n\\begin{document}\n${inputs}\n\\end{document}\n`;
      writeFileSync(join(folder, 'paper.tex'), text);
      execFileSync('pdflatex', ['-interaction=nonstopmode', '-halt-on-error', '-draftmode', 'paper.tex'], {
        cwd: folder,
        stdio: 'ignore',
      });
      const log = readFileSync(join(folder, 'paper.log'), 'utf8');
      const tooWide = [...log.matchAll(/Overfull \\hbox \(([\d.]+)pt/g)].map(([, points]) => Number(points));
      expect(Math.max(0, ...tooWide)).toBeLessThan(2);
    },
  );

  it.skipIf(!process.env.HILUM_TEST_FULL || !has('soffice'))(
    'LibreOffice reads every table of the Word document (needs soffice and HILUM_TEST_FULL=1)',
    () => {
      const path = join(folder, 'tables.docx');
      writeFileSync(path, docxTables('Tables', tables.slice(0, 4)));
      const profile = `-env:UserInstallation=file://${join(folder, 'profile')}`;
      execFileSync('soffice', [profile, '--headless', '--convert-to', 'html', '--outdir', folder, path], {
        stdio: 'ignore',
      });
      const html = readFileSync(join(folder, 'tables.html'), 'utf8');
      expect(html.match(/<table/g)).toHaveLength(4);
      expect(html).toContain('Consolidation');
    },
    120_000,
  );
});
