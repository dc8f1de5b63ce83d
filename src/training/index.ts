export { checkpointState } from './checkpoint.js';
export { type MultiLabelLoss, STUDY_LOSS } from './losses.js';
export { type PredictOptions, predictLogits } from './predict.js';
export { type PredictionConfig, predictionFeed } from './prediction-task.js';
export {
  learningRateSchedule,
  optimizerStep,
  type Recipe,
  recipeOptimizer,
  SELECTIONS,
  type Selection,
  type SupervisedRecipe,
} from './recipe.js';
export { SAMPLINGS, type Sampling, samplingWeights } from './sampling.js';
export { concatenatedState, ownState } from './state.js';
export type { EpochRecord, SupervisedConfig, SupervisedResult } from './supervised-task.js';
export type { Batch, CreateTask, Metrics, Position, ReadFeed, TaskContext, TrainingTask } from './task.js';
export { type CreateMember, Team } from './team.js';
export {
  type Feed,
  type MadeFeed,
  startTraining,
  stepsPerEpoch,
  type Training,
  type TrainingJob,
  type TrainingOutcome,
  type TrainingProgress,
} from './training.js';
export { applyTuning, checkTuning, parameterGroups, TRAIN_EVERYTHING, type Tuning } from './tuning.js';
