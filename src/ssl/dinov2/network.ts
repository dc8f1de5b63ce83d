import { inputError } from '../../base/index.js';
import { createBackbone, type ModelConfig, VisionTransformer } from '../../models/index.js';
import { Module } from '../../torch/index.js';
import { DinoHead, type HeadOptions } from './dino-head.js';

/** A backbone with its heads, under DINOv2's names (dinov2/train/ssl_meta_arch.py). Student and teacher are one each. */
export class Dinov2Network extends Module {
  readonly backbone: VisionTransformer;
  readonly dino_head: DinoHead;
  /** Of the patches; null where `dino_head` serves them too. */
  readonly ibot_head: DinoHead | null;

  /** Throws an InputError for a network that cannot mask patches. */
  constructor(model: ModelConfig, head: HeadOptions, ibotHead: HeadOptions | null) {
    super();
    const backbone = createBackbone(model);
    if (!(backbone instanceof VisionTransformer)) {
      backbone.free();
      throw inputError({
        what: 'model: architecture',
        found: model.architecture,
        expected: 'vit, which masks patches',
      });
    }
    this.backbone = backbone;
    this.dino_head = new DinoHead(backbone.dim, head);
    this.ibot_head = ibotHead && new DinoHead(backbone.dim, ibotHead);
  }

  /** What is clipped, and grouped for the optimizer, on its own. */
  get parts(): Module[] {
    return [this.backbone, this.dino_head, this.ibot_head].filter((part) => part !== null);
  }

  get patchHead(): DinoHead {
    return this.ibot_head ?? this.dino_head;
  }
}
