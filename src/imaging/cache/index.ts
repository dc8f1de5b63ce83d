export type { CacheIndex } from './index-file.js';
export { type PrepareOptions, type PreparePlan, type PrepareResult, prepareCache } from './prepare.js';
export { CachedImages, ImageCache } from './reader.js';
export { type CacheSettings, type CacheSource, describeSettings, prepareCommand } from './settings.js';
