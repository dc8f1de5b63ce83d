export { createBackbone } from './architectures.js';
export { Backbone, type Features } from './backbone.js';
export { type ModelCard, readModelCard, writeModelCard } from './card.js';
export { Classifier } from './classifier.js';
export type { Architecture, ModelConfig } from './config.js';
export { CONVNEXT_SIZES } from './convnext/config.js';
export { DENSENET_SIZES } from './densenet/config.js';
export { describeNetwork } from './describe.js';
export { DINOV3_VIT_SIZES } from './dinov3-vit/config.js';
export { type Rows, withRows } from './drop-path.js';
export { freezeLayers, frozenParts } from './freeze.js';
export { INPUT_STATISTICS, type InputStatistics, type PublishedInput } from './input-statistics.js';
export {
  adapterTargets,
  addAdapters,
  LoraLinear,
  type LoraOptions,
  mergedState,
  removeAdapters,
  unknownTargets,
} from './lora.js';
export { inputSizes, networkInput } from './network-input.js';
export { RESNET_SIZES } from './resnet/config.js';
export { VIT_SIZES, type VisionTransformerOptions, type VitConfig, type VitSize, vitOptions } from './vit/config.js';
export { type Interpolation, interpolatePositions } from './vit/position-embedding.js';
export { VisionTransformer } from './vit/vision-transformer.js';
export {
  type Conversion,
  type ConvertOptions,
  convertState,
  convertWeights,
  namesFor,
  namingFor,
  type StorageType,
} from './weights/convert.js';
export {
  type FetchWeightsOptions,
  fetchWeights,
  findPublishedFile,
  type LocatedWeights,
  locateWeights,
} from './weights/fetch.js';
export { type Entry, type Inspection, inspectWeights, type WeightsNetwork } from './weights/inspect.js';
export { type LoadReport, loadBackbone, loadWeights, saveBackbone } from './weights/load.js';
export type { Hints, Naming } from './weights/namings/naming.js';
export { openWeights, type Weights } from './weights/open.js';
export { findPublished, PUBLISHED_WEIGHTS, type PublishedWeights } from './weights/published.js';
