export { type ContactSheet, drawContactSheet, type ImageSample, type SheetOptions } from './contact-sheet.js';
export { splitRows, splitTable, statisticsTable } from './split-table.js';
export { statisticsPage } from './statistics-page.js';
