import { parseHTML } from 'linkedom';
import { escapeHtml, type Figure, LIGHT_COLORS } from '../../pages/index.js';
import { textWidth } from './helvetica.js';

/** What is there of them; browsers and libraries take other fonts for letters that none has. */
export const FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";
const FONT_SIZE = 12;
const TITLE = 20;
const GAP = 12;
const MOST_WIDE = 960;

interface Box {
  width: number;
  height: number;
}

/**
 * A figure as one SVG document that needs no page: legend above, panels in rows, the colors of the light page and of print
 * written out. Units are CSS pixels, 96 to the inch.
 */
export function standaloneSvg({ legend, panels }: Figure): string {
  const drawn = panels.map(({ title, svg }) => ({ title, ...nested(svg) }));
  const widest = Math.max(...drawn.map(({ width }) => width));
  const perRow = Math.max(1, Math.floor((MOST_WIDE + GAP) / (widest + GAP)));
  const width = Math.min(perRow, drawn.length) * (widest + GAP) - GAP;
  const key = legendRows(legend, width);
  const parts = [key.svg];
  let y = key.height;
  for (let first = 0; first < drawn.length; first += perRow) {
    const row = drawn.slice(first, first + perRow);
    const top = row.some(({ title }) => title) ? TITLE : 0;
    for (const [i, panel] of row.entries()) {
      const x = i * (widest + GAP);
      if (panel.title) parts.push(text(panel.title, x, y + 14, ' font-weight="bold"'));
      parts.push(`<g transform="translate(${x},${y + top})">${panel.content}</g>`);
    }
    y += top + Math.max(...row.map(({ height }) => height)) + GAP;
  }
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" ` +
    `font-family="${FONT}" font-size="${FONT_SIZE}" fill="currentColor">${parts.join('\n')}</svg>\n`;
  return withColors(svg);
}

/** The inside of a drawn plot as a group, with what the plot says of all its marks but not its font, which is the document's. */
function nested(svg: string): Box & { content: string } {
  const { document } = parseHTML(svg);
  const root = document.querySelector('svg')!;
  const [width, height] = ['width', 'height'].map((name) => Number(root.getAttribute(name))) as [number, number];
  const anchor = root.getAttribute('text-anchor') ?? 'start';
  return { width, height, content: `<g text-anchor="${anchor}">${root.innerHTML}</g>` };
}

function legendRows(legend: Figure['legend'], width: number): { svg: string; height: number } {
  const parts: string[] = [];
  let [x, y] = [0, 0];
  for (const { name, color, dash } of legend) {
    const own = 38 + textWidth(name, FONT_SIZE) + 22;
    if (x > 0 && x + own > width) [x, y] = [0, y + TITLE];
    parts.push(
      dash === undefined
        ? `<rect x="${x + 18}" y="${y + 3}" width="12" height="12" fill="${color}"/>`
        : `<line x1="${x}" x2="${x + 30}" y1="${y + 9}" y2="${y + 9}" stroke="${color}" stroke-width="2.2" stroke-dasharray="${dash}"/>`,
      text(name, x + 38, y + 13),
    );
    x += own;
  }
  return { svg: parts.join(''), height: legend.length > 0 ? y + TITLE + 6 : 0 };
}

const text = (content: string, x: number, y: number, more = '') =>
  `<text x="${x}" y="${y}"${more}>${escapeHtml(content)}</text>`;

/** Programs that draw SVG outside of a browser know neither variables nor the page's color. */
function withColors(svg: string): string {
  return svg
    .replace(/var\(--([\w-]+)\)/g, (_, name: string) => LIGHT_COLORS[name] ?? LIGHT_COLORS.text!)
    .replaceAll('currentColor', LIGHT_COLORS.text!);
}
