export { Adam, type AdamOptions, AdamW } from './adam.js';
export { clipGradNorm, Optimizer, type ParameterGroup } from './optimizer.js';
export { constant, type Schedule, warmupCosine } from './schedule.js';
export { SGD, type SgdOptions } from './sgd.js';
