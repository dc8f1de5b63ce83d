export { cancelJobs } from './jobs.js';
export { loadSlurmSettings, type SlurmSettings } from './settings.js';
export { slurmStatus, waitForJobs } from './status.js';
export { type SlurmOptions, type Submission, submitExperiment } from './submit.js';
