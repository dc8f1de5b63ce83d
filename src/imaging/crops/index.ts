export { type CropBatch, type CropBatchOptions, CropFeed, type CropFeedOptions } from './feed.js';
export {
  type CropRecipe,
  type CropSizes,
  type CropView,
  checkCropRecipe,
  dinov2Crops,
  radiographCrops,
} from './recipe.js';
