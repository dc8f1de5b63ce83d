/**
 * The published study's: AdamW at 1e-5, constant, no decay, batch 32, up to 100 epochs, everything trains, the weights of the lowest
 * validation loss. Its flip, rotation and pos_weight are the defaults of `augmentation` and `loss`.
 */
const study = {
  epochs: 100,
  batchSize: 32,
  learningRate: 1e-5,
  layerDecay: 1,
  schedule: 'constant',
  warmup: 0,
  weightDecay: 0,
  dropPath: 0,
  ema: null,
} as const;

/**
 * How pretrained transformers have been fine-tuned since: He et al., "Masked autoencoders", 2022, table 9 and FINETUNE.md of facebookresearch/mae
 * (rate 1e-3 x images / 256, of a batch of 32 here; cosine, weight decay 0.05, layer-wise decay 0.75, drop path 0.1), after BEiT and DeiT. The
 * share of the warm-up is the linear one of DeiT and MAE, 5 %, doubled for small data. Averaged weights are DeiT's (Touvron et al.,
 * 2021), which forget faster than with its 0.99996, since trainings are shorter.
 */
const modern = {
  ...study,
  learningRate: 1.25e-4,
  layerDecay: 0.75,
  schedule: 'cosine',
  warmup: 0.1,
  weightDecay: 0.05,
  dropPath: 0.1,
  ema: 0.999,
} as const;

const PRESETS = { 'study-2024': study, modern } as const;
export type FinetuningPreset = keyof typeof PRESETS;
export const FINETUNING_PRESETS = Object.keys(PRESETS) as [FinetuningPreset, ...FinetuningPreset[]];

/** A frozen network has no layers to slow down and no branches to drop. */
const HEAD_ALONE = { layerDecay: 1, dropPath: 0 };

/** What is given, above the values of a preset. */
export function withPreset(preset: FinetuningPreset, given: Readonly<Record<string, unknown>>): object {
  const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...PRESETS[preset], ...(given.freeze === 'backbone' && HEAD_ALONE), ...said, preset };
}
