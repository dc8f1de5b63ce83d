export { UNCERTAIN_POLICIES, type UncertainPolicy } from './cells.js';
export { checkRadiographs, type DatasetCheck } from './check.js';
export { type Finding, SHARED_FINDINGS, type SharedFinding, sharedFindings } from './findings.js';
export {
  PICTURE_SPLITS,
  type Picture,
  type PictureList,
  type PictureOptions,
  type PictureSet,
  type PictureSplit,
} from './pictures.js';
export {
  type Box,
  type Radiograph,
  type RadiographDataset,
  type RadiographOptions,
  SPLITS,
  type Split,
  VIEW_FILTERS,
  type ViewFilter,
} from './radiograph.js';
export { indexRadiographs, openPictures, openRadiographs, pictureDatasets, radiographDatasets } from './registry.js';
export { type OpenedSource, type SeenRadiographs, seenRadiographs } from './same-radiographs.js';
export { EXCLUSION_COLUMNS, sourceNames } from './sources/exclusion.js';
export type { IndexProgress } from './sources/folder-units.js';
export { openPictureSource, type PictureSourceOptions } from './sources/open-source.js';
export { listOf, selectPictures } from './sources/picture-list.js';
export { PICTURE_SOURCES, type PictureSourceKind } from './sources/source-kind.js';
export { sourceFolder, sourceKey } from './sources/up-to-date.js';
export {
  drawPatients,
  ofSplit,
  type PatientOverlap,
  patientsInTwoSplits,
  TEST_FRACTION,
  VALIDATION_FRACTION,
} from './split.js';
export {
  AGE_BANDS,
  type AgeBand,
  type AgeCounts,
  ageBand,
  type DatasetStatistics,
  datasetStatistics,
  type FindingCounts,
  type SplitStatistics,
  splitStatistics,
} from './statistics.js';
export { type LabelCounts, posWeight, type SplitSummary, summarize, summarizeRadiographs } from './summary.js';
export { readHeader, readTable } from './table.js';
