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
    `<div class="panels">${panels
      .map(({ title, svg }) => `<div class="panel">${title ? `<h3>${escapeHtml(title)}</h3>` : ''}${svg}</div>`)
      .join('\n')}</div>`,
    `<figcaption><strong>${number}.</strong> ${escapeHtml(caption)}</figcaption>`,
    '</figure>',
  ].join('\n');
}

function swatch({ color, dash }: LegendItem): string {
  if (dash === undefined) {
    return `<svg width="12" height="12" aria-hidden="true"><rect width="12" height="12" rx="2" fill="${color}"/></svg>`;
  }
  const line = `<line x1="0" y1="6" x2="30" y2="6" stroke="${color}" stroke-width="2.2" stroke-dasharray="${dash}"/>`;
  return `<svg width="30" height="12" aria-hidden="true">${line}</svg>`;
}
