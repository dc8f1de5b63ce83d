export { type ContactSheet, drawContactSheet, type ImageSample, type SheetOptions } from './contact-sheet.js';
export {
  type DedupOptions,
  type DedupResult,
  type Duplicate,
  deduplicate,
  type SourceSummary,
} from './duplicates/deduplicate.js';
export { writeDuplicateList } from './duplicates/duplicate-list.js';
export { duplicatesPage, leadOf as duplicatesSummary } from './duplicates/duplicates-page.js';
export { type Choice, chooseRadiographs } from './sample.js';
export { type SplitCounts, splitRows, splitTable, statisticsTable } from './split-table.js';
export { statisticsPage } from './statistics-page.js';
export {
  type AugmentOptions,
  augmentedVersions,
  describeSeen,
  type SeenRadiograph,
  type Stages,
  seeRadiographs,
} from './view.js';
export { type ChannelStatistics, type ViewPageOptions, viewPage } from './view-page.js';
