export { type Auroc, auroc, meanRocCurve, type RocPoint, rocCurve } from './auroc.js';
export {
  averagePrecision,
  meanPrecisionRecallCurve,
  type PrecisionRecallPoint,
  precisionRecallCurve,
} from './average-precision.js';
export {
  type BootstrapModel,
  type BootstrapOptions,
  type BootstrapResult,
  type BootstrapThreads,
  type Comparison,
  type FindingEstimates,
  type ModelEstimates,
  pairedBootstrap,
  WORTH_THREADS,
} from './bootstrap.js';
export {
  type BinOptions,
  type BrierDecomposition,
  brierDecomposition,
  brierScore,
  expectedCalibrationError,
  type ReliabilityBin,
  reliabilityCurve,
} from './calibration.js';
export { fitPlatt, fitTemperature, type LogitScaling, rescale } from './calibration-scaling.js';
export { type Confusion, confusion, OPERATING_METRICS, type OperatingMetric, operatingMetrics } from './confusion.js';
export { type Association, association, type GroupCounts } from './contingency.js';
export { adjust, benjaminiHochberg, CORRECTION_NAMES, CORRECTIONS, type Correction } from './correction.js';
export {
  type DelongInterval,
  type DelongTest,
  delongInterval,
  delongTest,
  type UnpairedDelongTest,
  unpairedDelongTest,
} from './delong.js';
export { normalCdf, normalQuantile, studentCdf } from './distributions.js';
export {
  bootstrapPValues,
  type Estimate,
  INTERVALS,
  type IntervalMethod,
  type PValues,
  quantile,
  summarize,
} from './estimate.js';
export { type FindingMeans, meansOverFindings } from './finding-means.js';
export { type LogisticFit, type LogisticOptions, LogisticRegression } from './logistic-regression.js';
export {
  type Conclusions,
  concludeFrom,
  type DifferenceInterval,
  type MarginPValues,
  marginPValues,
} from './margin.js';
export { type MatchedEstimate, type MatchedOptions, matchedAurocs } from './matched.js';
export { type AccuracyOptions, type AccuracyResult, pairedAccuracy } from './paired-accuracy.js';
export {
  type PermutationOptions,
  type PermutationResult,
  type PermutationTest,
  permutationTest,
} from './permutation.js';
export { meanPlacements, type PatientsOfRows, type Placements, placements, placementsOfSeeds } from './placements.js';
export {
  accuracy,
  type LinearProbe,
  type PathPoint,
  type ProbeOptions,
  probeClasses,
  probedClasses,
  probedFindings,
  probeFindings,
} from './probe/linear-probe.js';
export {
  type NeighborOptions,
  type Neighbors,
  nearestNeighbors,
  scoreFindings,
  voteForClasses,
} from './probe/nearest-neighbors.js';
export { REGULARIZATION_PATH } from './probe/regularization-path.js';
export { METRICS, type Metric } from './replicates.js';
export {
  designEffect,
  type ExpectedDifference,
  hanleyMcNeilVariance,
  sampleSizeForAuroc,
  sampleSizeForDifference,
  sampleSizeForPower,
  type TestSetSize,
} from './sample-size.js';
export type { Difference } from './sampled.js';
export { countLabels, findingColumn, type LabelCounts, type Numbers } from './scores.js';
export { type SharedEstimate, type SharedOptions, sharedAurocs } from './shared-auroc.js';
export {
  type ShortcutEstimates,
  type ShortcutFeatures,
  type ShortcutFinding,
  type ShortcutOptions,
  shortcutAurocs,
} from './shortcuts.js';
export { type GapEstimate, type SubgroupEstimates, type SubgroupOptions, subgroupAurocs } from './subgroups.js';
export { chooseThreshold, type ThresholdRule } from './threshold.js';
