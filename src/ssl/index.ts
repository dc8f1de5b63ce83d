export { contrastiveLoss, embeddingSpread } from './contrastive-loss.js';
export type { SimclrConfig, SimclrResult } from './simclr-task.js';
