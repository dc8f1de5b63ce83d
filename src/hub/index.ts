export { findSnapshot, type HubFile } from './cache.js';
export type { FetchOptions } from './download.js';
export { cacheFolder, checkpointFolder, endpoint, isOffline } from './environment.js';
export { listHubFiles } from './hub-file.js';
export type { Patience } from './request.js';
export { fetchFile, findFile, type HubReference, parseSource, type Source } from './source.js';
export type { UrlFile } from './url-file.js';
