export { BatchNorm2d } from './batch-norm.js';
export { Conv2d, type Conv2dOptions } from './conv2d.js';
export { initialize, initialized, withoutInitialization } from './initialization.js';
export { LayerNorm } from './layer-norm.js';
export { Identity, Linear, zeroParameter } from './linear.js';
export { Module, ModuleBuffer, Parameter, type StateDict } from './module.js';
