export { type ConfigChanges, checkPretraining, loadPretraining } from './config.js';
export { openLabelled } from './evaluation-data.js';
export { PRESETS, type PresetName } from './presets.js';
export type { ProgressSink } from './progress.js';
export { type PretrainingOptions, type PretrainingResult, runPretraining } from './run.js';
export { type PretrainingConfig, type PretrainingSettings, pretrainingSchema } from './schema.js';
export { pretrainingSettings } from './settings.js';
export type { OpenedImages } from './sources.js';
