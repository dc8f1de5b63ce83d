export { type ModelCard, readModelCard, writeModelCard } from './card.js';
export { Classifier } from './classifier.js';
export { type Interpolation, interpolatePositions } from './vit/position-embedding.js';
export { VIT_SIZES, type VitConfig, type VitSize, vitOptions } from './vit/sizes.js';
export {
  type Features,
  type InputStatistics,
  VisionTransformer,
  type VisionTransformerOptions,
} from './vit/vision-transformer.js';
export { type LoadReport, loadBackbone, saveBackbone } from './weights.js';
