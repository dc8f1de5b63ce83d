/** What the parts of an experiment take: memory, disk, and work counted in images, from the configuration. */
import type { ModelConfig } from '../../models/index.js';
import { createBackbone, vitOptions } from '../../models/index.js';
import { withoutInitialization } from '../../torch/index.js';
import type { Tuning } from '../../training/index.js';

const FLOAT = 4;
/** Of the process, before a network is built: Node, libtorch, decoded images on their way. */
const PROCESS_BYTES = 400 * 2 ** 20;

/** Number of weights of a network, and how many of them train; the few of a head left out. */
export function parametersOf(network: ModelConfig, { freeze, lora }: Tuning): { all: number; trained: number } {
  const backbone = withoutInitialization(() => createBackbone(network));
  const [all, depth] = [backbone.parameterCount(), backbone.depth];
  backbone.free();
  if (freeze === 'backbone') return { all, trained: 0 };
  const share = (depth - freeze) / depth;
  return { all, trained: Math.round(all * share * (lora ? 0.02 : 1)) };
}

/** Bytes of weights, gradients and AdamW's two moments, in float32. */
export const stateBytes = ({ all, trained }: { all: number; trained: number }): number => FLOAT * (all + 3 * trained);

/**
 * Bytes that a training keeps of one image between forward and backward, estimated: of a transformer's block, 18 numbers
 * per token and channel (norms, q, k, v, attention's and the feed-forward layer's inputs and outputs) and two per head
 * and pair of tokens; of a convolutional network, 20 MB times the square root of its millions of weights at 224 px.
 */
export function activationBytes(network: ModelConfig, parameters: number): number {
  const { imageSize } = network;
  if (network.architecture === 'vit' || network.architecture === 'dinov3-vit') {
    const { dim, depth, heads, patchSize, registers } = shapeOf(network);
    const tokens = (imageSize / patchSize) ** 2 + 1 + registers;
    return FLOAT * depth * tokens * (18 * dim + 2 * heads * tokens);
  }
  return 20e6 * Math.sqrt(parameters / 1e6) * (imageSize / 224) ** 2;
}

type Transformer = Extract<ModelConfig, { architecture: 'vit' | 'dinov3-vit' }>;

function shapeOf(network: Transformer) {
  if (network.architecture === 'vit') return vitOptions(network);
  const backbone = withoutInitialization(() => createBackbone(network));
  const { dim, depth } = backbone;
  backbone.free();
  const { heads = dim / 64, patchSize = 16 } = network;
  return { dim, depth, heads, patchSize, registers: 4 };
}

/** Bytes of memory of one training in a process of its own, where no probe measured it. */
export function trainingBytes(network: ModelConfig, tuning: Tuning, batchSize: number): number {
  const parameters = parametersOf(network, tuning);
  return PROCESS_BYTES + stateBytes(parameters) + batchSize * activationBytes(network, parameters.all);
}

/** Bytes that a finished fine-tuning leaves: two files of weights, the last checkpoint, predictions. */
export function finetuningDisk(parameters: { all: number; trained: number }, rows: number, findings: number): number {
  return FLOAT * (3 * parameters.all + 2 * parameters.trained) + rows * (40 + 24 * findings);
}

/** Bytes that a pretraining leaves; DINOv2 keeps teacher and student in two forms each, and both in its checkpoint. */
export function pretrainingDisk(parameters: number, method: 'dinov2' | 'simclr' | 'supervised'): number {
  return FLOAT * parameters * (method === 'dinov2' ? 8 : 4);
}

/**
 * What one image of DINOv2 takes, in images that are fine-tuned at `imageSize`: of three passes (one forward, two
 * backward), the student's over all crops and the teacher's one over the global ones; a pass goes with the pixels.
 */
export function dinov2Images(
  crops: { globalSize: number; localSize: number; locals: number },
  imageSize: number,
): number {
  const area = (size: number) => (size / imageSize) ** 2;
  return (2 * area(crops.globalSize) * 4 + crops.locals * area(crops.localSize) * 3) / 3;
}
