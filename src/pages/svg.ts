import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { escapeHtml } from './format.js';

/** How one series, e.g. an initialization, looks in every figure: a color of the page's style sheet, and a dash that tells lines apart without color. */
export interface Series {
  color: string;
  dash: string;
}

export const SERIES_COLORS = 7;
const DASHES = ['none', '7 3', '2 3', '9 3 2 3', '5 2 1 2 1 2', '1 2', '12 4'];

export function seriesOf(index: number): Series {
  return {
    color: `var(--series-${index % SERIES_COLORS})`,
    dash: DASHES[(index + Math.floor(index / SERIES_COLORS)) % DASHES.length]!,
  };
}

/** Draws a plot to SVG text that needs no script; colors and fonts come from the page. `label` is read to those who cannot see it. */
export function drawSvg(label: string, options: Plot.PlotOptions): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const svg = Plot.plot({ ...options, document, className: 'plot' });
  svg.querySelector('style')?.remove();
  for (const part of svg.querySelectorAll('[aria-label], [aria-hidden]')) {
    part.removeAttribute('aria-label');
    part.removeAttribute('aria-hidden');
  }
  for (const part of svg.querySelectorAll('*')) roundCoordinates(part);
  return svg.outerHTML.replace('<svg', () => `<svg role="img" aria-label="${escapeHtml(label)}"`);
}

interface Attributes {
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
}

const GEOMETRY = ['d', 'transform', 'x', 'y', 'x1', 'x2', 'y1', 'y2', 'cx', 'cy'];

/** Hundredths of a pixel are enough. */
function roundCoordinates(element: Attributes): void {
  for (const name of GEOMETRY) {
    const value = element.getAttribute(name);
    if (value)
      element.setAttribute(
        name,
        value.replace(/-?\d+\.\d{3,}/g, (digits: string) => String(Number(Number(digits).toFixed(2)))),
      );
  }
}

/** At most `length` characters, for labels whose room is fixed. */
export function shortened(text: string, length = 34): string {
  return text.length > length ? `${text.slice(0, length - 1)}\u2026` : text;
}
