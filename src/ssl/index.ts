export { contrastiveLoss, embeddingSpread } from './contrastive-loss.js';
export { CollapseWatch } from './dinov2/collapse.js';
export type { HeadOptions } from './dinov2/dino-head.js';
export { type Dinov2Recipe, Dinov2Trainer } from './dinov2/dinov2-step.js';
export { type Dinov2Config, type Dinov2Result, Dinov2Task } from './dinov2/dinov2-task.js';
export { drawMasks, type PatchMasks, patchMasks } from './dinov2/masks.js';
export { scaledLearningRate } from './dinov2/schedules.js';
export { type Crops, type GramAnchoring, type Objective, StudentTeacher } from './dinov2/student-teacher.js';
export type { SimclrConfig, SimclrResult } from './simclr-task.js';
