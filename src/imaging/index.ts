export {
  augmentRadiographs,
  type ContrastiveViews,
  checkContrastiveViews,
  checkRadiographAugmentation,
  contrastiveView,
  type RadiographAugmentation,
  simclrViews,
  smallDataAugmentation,
  studyAugmentation,
} from './augment.js';
export { toThreeChannels, toUnit } from './batch.js';
export {
  CachedImages,
  type CacheIndex,
  type CacheSettings,
  type CacheSource,
  describeSettings,
  ImageCache,
  type PrepareOptions,
  type PreparePlan,
  type PrepareResult,
  prepareCache,
  prepareCommand,
} from './cache/index.js';
export {
  type CropBatch,
  type CropBatchOptions,
  CropFeed,
  type CropFeedOptions,
  type CropRecipe,
  type CropSizes,
  type CropView,
  checkCropRecipe,
  dinov2Crops,
  radiographCrops,
} from './crops/index.js';
export { beginsAsImage, decode, decodeColor, decodeGray } from './decode.js';
export { type ImageShape, inverted, keepBorder, keepCentre, keepWhere, lowPass, shufflePatches } from './degrade.js';
export { type DicomHeader, readDicomHeader } from './dicom/index.js';
export { MOST_DISTANCE } from './hashing/hamming-index.js';
export { HashPool } from './hashing/hash-pool.js';
export { hashImage, type ImageHash } from './hashing/image-hash.js';
export {
  nearDuplicates,
  nearestHashes,
  type SearchOptions,
  type Standing,
} from './hashing/near-duplicates.js';
export { hammingDistance, hashText, perceptualHash } from './hashing/perceptual-hash.js';
export {
  BLOCK_CODECS,
  type BlockCodec,
  type CompressedBlock,
  type DecodedImage,
  ImageError,
  type ImageList,
  type ImagePart,
  type ImageSource,
  imageEndings,
  nameOf,
} from './image.js';
export { imageLimits } from './limits.js';
export { type BatchOptions, batchCount, batches, epochOrder, type ImageBatch } from './loader.js';
export { decompressBlock } from './part.js';
export { ImagePool, imagePool, type PoolOptions } from './pool/pool.js';
export {
  checkPreprocessing,
  naturalPreprocessing,
  type Preprocessing,
  preprocess,
  radiographPreprocessing,
} from './preprocess.js';
export { type ScanOptions, type ScanResult, scan, scanFiles } from './scan.js';
export { type DecodedStage, decodeStage, STAGES, type Stage, type StageInfo, type StageOptions } from './stages.js';
export { borderRing, pixelStatistics, thumbnail } from './statistics.js';
export { type ImageReader, ImageStore } from './store.js';
export { type Fit, INTERPOLATIONS, type Interpolation, type Target } from './target.js';
