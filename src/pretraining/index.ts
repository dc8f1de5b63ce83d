export { type ConfigChanges, checkPretraining, loadPretraining } from './config.js';
export { PRESETS, type PresetName } from './presets.js';
export type { ProgressSink } from './progress.js';
export { type PretrainingOptions, type PretrainingResult, runPretraining } from './run.js';
export { type PretrainingConfig, pretrainingSchema } from './schema.js';
