export { Conv2d } from './conv2d.js';
export { LayerNorm } from './layer-norm.js';
export { Identity, Linear, zeroParameter } from './linear.js';
export { Module, Parameter, type StateDict } from './module.js';
