export { checkRadiographs, type DatasetCheck } from './check.js';
export { type Finding, SHARED_FINDINGS, type SharedFinding } from './findings.js';
export type { Picture, PictureOptions, PictureSet } from './pictures.js';
export { type Radiograph, type RadiographDataset, type RadiographOptions, SPLITS, type Split } from './radiograph.js';
export { indexRadiographs, openPictures, openRadiographs, pictureDatasets, radiographDatasets } from './registry.js';
export { drawPatients, ofSplit, type PatientOverlap, patientsInTwoSplits, VALIDATION_FRACTION } from './split.js';
export { type LabelCounts, posWeight, type SplitSummary, summarize, summarizeRadiographs } from './summary.js';
