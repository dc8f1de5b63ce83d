export { type ConfigChanges, checkPretraining, loadPretraining } from './config.js';
export { openLabelled } from './evaluation-data.js';
export { requirePretraining } from './network.js';
export { PRESETS, type PresetName } from './presets.js';
export type { ProgressSink } from './progress.js';
export { type PretrainingOptions, type PretrainingResult, runPretraining } from './run.js';
export { type PretrainingConfig, pretrainingSchema } from './schema.js';
export { type PretrainingSettings, pretrainingSettings } from './settings.js';
export type { OpenedImages } from './sources.js';
