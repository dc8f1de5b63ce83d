export type {
  CalibrationMeasure,
  Cell,
  DelongComparison,
  Difference,
  FindingCalibration,
  FindingComparison,
  FindingMeans,
  FindingResult,
  LearningRateTrial,
  MarginVerdict,
  PairComparison,
  PrecisionRecall,
  RocPoint,
  Run,
} from './cell.js';
export type { ExternalComparison, ExternalResult } from './external.js';
export { assertFinite, finiteOrNull } from './finite.js';
export { type Interval, intervalOf } from './interval.js';
export {
  MATRIX_FACTORS,
  type MatrixFactor,
  type MatrixResult,
  type SettingComparison,
  type SettingResult,
} from './matrix.js';
export { readResult } from './read-result.js';
export {
  type DatasetSummary,
  type ExperimentResult,
  type InitializationSummary,
  type Pretraining,
  RESULT_FORMAT,
  type Software,
  type SplitName,
  type SplitSummary,
  type Statistics,
} from './result.js';
export {
  type ConfoundingResult,
  DEGRADATIONS,
  type Degradation,
  type DegradedAuroc,
  type DegradedResult,
  type Factor,
  type Gap,
  LUNG_FREE,
  LUNG_ONLY,
  type MatchedAuroc,
  type MatchedResult,
  type ShortcutResult,
  type SubgroupResult,
  type TestedGroup,
} from './robustness.js';
