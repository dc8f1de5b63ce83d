export { type Figure, figureHtml, type LegendItem } from './figure.js';
export { compact, count, counted, decimals, duration, escapeHtml, listed, NONE, percent } from './format.js';
export { type Heading, headerHtml, navigation, numbering, type PageOptions, page } from './page.js';
export { LIGHT_COLORS } from './style.js';
export { drawSvg, SERIES_COLORS, type Series, seriesOf, shortened } from './svg.js';
export { type Column, cell, left, right, type Table, type TableCell, tableHtml } from './table.js';
