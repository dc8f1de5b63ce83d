export { checkExperiment, type LoadedExperiment, loadExperiment } from './config.js';
export type { ExperimentOptions, ProgressSink } from './context.js';
export { type RunningExperiment, runExperiment } from './experiment.js';
export { type NetworkInput, networkInput } from './network-input.js';
export { type Predictions, readPredictions, writePredictions } from './predictions.js';
export { type ReportPaths, writeReport } from './report/index.js';
export { type ExperimentResult, readResult } from './result.js';
export { type ExperimentConfig, experimentSchema } from './schema.js';
