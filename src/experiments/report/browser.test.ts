import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { studyResult } from './fixtures/study.js';
import { htmlReport } from './index.js';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const WIDTHS = [1280, 390];

interface Layout {
  width: number;
  scrollWidth: number;
  background: string;
  texts: number;
  /** Texts of figures that reach out of their drawing, or into another text. */
  clipped: string[];
  overlapping: string[];
  /** Colors of text and background with a contrast below 4.5 (WCAG 2.1, AA). */
  faint: string[];
}

describe.skipIf(!CHROMIUM)('the report in Chromium', () => {
  let folder: string;

  function layouts(...flags: string[]): Layout[] {
    const common = ['--headless', '--no-sandbox', '--disable-gpu', '--allow-file-access-from-files'];
    const own = [`--user-data-dir=${join(folder, 'profile')}`, ...flags];
    const page = `file://${join(folder, 'frames.html')}`;
    const text = execFileSync(CHROMIUM!, [...common, ...own, '--dump-dom', page], { encoding: 'utf8', stdio: 'pipe' });
    return JSON.parse(decodeURIComponent(/<pre>(.*?)<\/pre>/s.exec(text)![1]!));
  }

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hilum-browser-'));
    writeFileSync(join(folder, 'report.html'), htmlReport(studyResult()));
    const frames = WIDTHS.map((width) => `<iframe src="report.html" style="width:${width}px;height:900px"></iframe>`);
    const layoutOf = readFileSync(join(import.meta.dirname, 'fixtures/layout-in-browser.js'), 'utf8');
    const script = `${layoutOf}
    onload = () => {
      const layouts = [...document.querySelectorAll('iframe')].map(layoutOf);
      document.querySelector('pre').textContent = encodeURIComponent(JSON.stringify(layouts));
    };`;
    writeFileSync(join(folder, 'frames.html'), `${frames.join('')}<pre></pre><script>${script}</script>`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['light', 'rgb(255, 255, 255)', []],
    ['dark', 'rgb(20, 23, 27)', ['--blink-settings=preferredColorScheme=0']],
  ])('is readable on wide and narrow screens, %s', { timeout: 60_000 }, (_, background, flags) => {
    const found = layouts(...flags);
    expect(found).toHaveLength(WIDTHS.length);
    for (const layout of found) {
      expect(layout).toMatchObject({ background, clipped: [], overlapping: [], faint: [] });
      expect(layout.scrollWidth).toBe(layout.width);
      expect(layout.texts).toBeGreaterThan(1000);
    }
  });
});
