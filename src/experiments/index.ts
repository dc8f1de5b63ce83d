export { checkExperiment, type LoadedExperiment, loadExperiment } from './config/config.js';
export { type NetworkInput, networkInput } from './config/network-input.js';
export { type ExperimentConfig, experimentSchema } from './config/schema.js';
export { type Finished, type RunningExperiment, runExperiment, runNodes } from './experiment.js';
export { EXPORT_FORMATS, type Exported, type ExportFormat, exportExperiment } from './export/index.js';
export { type Predictions, readPredictions, writePredictions } from './finetuning/predictions.js';
export type { ExperimentOptions } from './parts/context.js';
export { Unfinished } from './parts/failure.js';
export { experimentGraph, type GraphNode, type NodeKind } from './parts/graph.js';
export type { ProgressSink } from './parts/progress-sink.js';
export { Scheduler } from './parts/scheduler.js';
export { type ExperimentPlan, type PlannedNode, type PlanOptions, planExperiment } from './planning/plan.js';
export { type ReportPaths, writeReport } from './report/index.js';
export type { ExperimentResult } from './result/index.js';
export { readResult } from './result/index.js';
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
export type { TestingInput } from './testing/testing-input.js';
export { type Cores, ThreadedTest } from './testing/threaded-test.js';
