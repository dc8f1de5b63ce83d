export { learningRateSchedule, optimizerStep, type Recipe, recipeOptimizer } from './recipe.js';
export { concatenatedState, ownState } from './state.js';
export { type EpochRecord, predictLogits, type SupervisedConfig, type SupervisedResult } from './supervised-task.js';
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
