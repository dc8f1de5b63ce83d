import { convNext, convNextDinov3 } from './convnext.js';
import { convNextTimm } from './convnext-timm.js';
import { convNextDinov3Transformers, convNextTransformers } from './convnext-transformers.js';
import { densenetTimm, densenetTorchvision, densenetXrv } from './densenet.js';
import { dinov3Vit } from './dinov3-vit.js';
import { dinov3VitTimm } from './dinov3-vit-timm.js';
import { dinov3VitTransformers } from './dinov3-vit-transformers.js';
import type { Naming } from './naming.js';
import { resnetTimm, resnetTorchvision, resnetXrv } from './resnet.js';
import { resnetTransformers } from './resnet-transformers.js';
import { vitDinov2 } from './vit-dinov2.js';
import { vitTimm, vitTimmGated } from './vit-timm.js';
import { dinov2Transformers, vitTransformers } from './vit-transformers.js';

/** Every naming that is read and written; the first that recognizes a state dict takes it. */
export const NAMINGS: readonly Naming[] = [
  vitDinov2,
  vitTimm,
  vitTimmGated,
  vitTransformers,
  dinov2Transformers,
  resnetXrv,
  resnetTorchvision,
  resnetTimm,
  resnetTransformers,
  densenetXrv,
  densenetTorchvision,
  densenetTimm,
  dinov3Vit,
  dinov3VitTimm,
  dinov3VitTransformers,
  convNext,
  convNextDinov3,
  convNextTimm,
  convNextTransformers,
  convNextDinov3Transformers,
];
