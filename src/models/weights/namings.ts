import type { Naming } from './naming.js';
import { vitDinov2 } from './vit-dinov2.js';

/** Every naming that is read and written; the first that recognizes a state dict takes it. */
export const NAMINGS: readonly Naming[] = [vitDinov2];
