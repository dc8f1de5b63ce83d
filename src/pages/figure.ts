import { escapeHtml } from './format.js';

/** A figure of one or more panels; titles and captions are plain text, `svg` is finished. */
export interface Figure {
  caption: string;
  legend: LegendItem[];
  panels: { title?: string; svg: string }[];
}

/** What a color, and with `dash` a kind of line, stands for. */
export interface LegendItem {
  name: string;
  color: string;
  dash?: string;
}

/** `number` is how the page counts the figure, e.g. `Figure 1`. */
export function figureHtml({ caption, legend, panels }: Figure, number: string): string {
  const items = legend.map((item) => `<li>${swatch(item)}${escapeHtml(item.name)}</li>`);
  return [
    '<figure>',
    items.length > 0 ? `<ul class="legend">${items.join('')}</ul>` : '',
    `<div class="panels">${panels.map(panelHtml).join('\n')}</div>`,
    `<figcaption><strong>${number}.</strong> ${escapeHtml(caption)}</figcaption>`,
    '</figure>',
  ].join('\n');
}

/** Wider than this a drawing is moved sideways on a small screen, rather than made too small to be read. */
const BROAD = 480;

function panelHtml({ title, svg }: Figure['panels'][number]): string {
  const broad = Number(/ width="([\d.]+)"/.exec(svg)?.[1] ?? 0) > BROAD;
  const heading = title ? `<h3>${escapeHtml(title)}</h3>` : '';
  return `<div class="panel${broad ? ' broad' : ''}">${heading}${broad ? `<div class="drawing" tabindex="0">${svg}</div>` : svg}</div>`;
}

function swatch({ color, dash }: LegendItem): string {
  if (dash === undefined) {
    return `<svg width="12" height="12" aria-hidden="true"><rect width="12" height="12" rx="2" fill="${color}"/></svg>`;
  }
  const line = `<line x1="0" y1="6" x2="30" y2="6" stroke="${color}" stroke-width="2.2" stroke-dasharray="${dash}"/>`;
  return `<svg width="30" height="12" aria-hidden="true">${line}</svg>`;
}
