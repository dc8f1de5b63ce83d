export { checkExperiment, type LoadedExperiment, loadExperiment } from './config.js';
export type { ExperimentOptions } from './context.js';
export { type RunningExperiment, runExperiment, runNodes } from './experiment.js';
export { EXPORT_FORMATS, type Exported, type ExportFormat, exportExperiment } from './export/index.js';
export { experimentGraph, type GraphNode, type NodeKind } from './graph.js';
export { type NetworkInput, networkInput } from './network-input.js';
export { type ExperimentPlan, type PlannedNode, type PlanOptions, planExperiment } from './plan.js';
export { type Predictions, readPredictions, writePredictions } from './predictions.js';
export type { ProgressSink } from './progress-sink.js';
export { readResult } from './read-result.js';
export { type ReportPaths, writeReport } from './report/index.js';
export type { ExperimentResult } from './result.js';
export { type ExperimentConfig, experimentSchema } from './schema.js';
export {
  cancelJobs,
  loadSlurmSettings,
  type SlurmOptions,
  type SlurmSettings,
  type Submission,
  slurmStatus,
  submitExperiment,
  waitForJobs,
} from './slurm/index.js';
export { type ExperimentStatus, experimentStatus, type NodeState, type NodeStatus } from './status.js';
