/** hilum's rooms, from the ground up. Each is also a module of its own, e.g. `hilum/torch`. */
export * as base from './base/index.js';
export * as browse from './browse/index.js';
export * as compare from './compare/index.js';
export * as datasets from './datasets/index.js';
export * as deploy from './deploy/index.js';
export * as evaluation from './evaluation/index.js';
export * as experiments from './experiments/index.js';
export * as features from './features/index.js';
export * as imaging from './imaging/index.js';
export * as models from './models/index.js';
export * as pages from './pages/index.js';
export * as phantoms from './phantoms/index.js';
export * as ssl from './ssl/index.js';
export * as torch from './torch/index.js';
export * as training from './training/index.js';
