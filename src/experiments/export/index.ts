export { EXPORT_FORMATS, type Exported, type ExportFormat, exportExperiment } from './export.js';
