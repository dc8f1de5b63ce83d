export { backward, gradOf, noGrad, setGrad } from './autograd.js';
export {
  readSafetensors,
  readSafetensorsHeader,
  type SafetensorsHeader,
  type WriteOptions,
  writePytorch,
  writeSafetensors,
} from './checkpoint/index.js';
export { scaledDotProductAttention, truncatedNormal_ } from './functional.js';
export { mapFile } from './map-file.js';
export { fromArray, fromBytes, toBytes, toFloat32Array } from './memory.js';
export {
  BatchNorm2d,
  Conv2d,
  type Conv2dOptions,
  Identity,
  initialize,
  initialized,
  LayerNorm,
  Linear,
  Module,
  ModuleBuffer,
  Parameter,
  type StateDict,
  withoutInitialization,
  zeroParameter,
} from './nn/index.js';
export {
  Adam,
  type AdamOptions,
  AdamW,
  clipGradNorm,
  constant,
  Optimizer,
  type ParameterGroup,
  type Schedule,
  SGD,
  type SgdOptions,
  warmupCosine,
} from './optim/index.js';
export {
  allowTf32,
  autocast,
  cudaDevices,
  type EngineInfo,
  engineInfo,
  generatorState,
  hasKernel,
  liveBytes,
  liveTensors,
  manualSeed,
  type Precision,
  setGeneratorState,
  setThreads,
  synchronize,
  threads,
} from './runtime.js';
export {
  arange,
  cat,
  empty,
  eye,
  full,
  linspace,
  ones,
  rand,
  randint,
  randn,
  randperm,
  stack,
  Tensor,
  where,
  zeros,
} from './tensor.js';
export { type DType, scope } from './tensor-base.js';
