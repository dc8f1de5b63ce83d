import { compact, counted, listed } from '../../pages/index.js';
import type { ExperimentConfig } from '../config/schema.js';

type Finetuning = ExperimentConfig['finetuning'];
type Augmentation = Finetuning['augmentation'];

/** The recipe of fine-tuning in sentences. Of settings that a result of an earlier version does not have nothing is said. */
export function recipeText(configuration: unknown): string {
  const { finetuning: it = {} } = (configuration ?? {}) as { finetuning?: Partial<Finetuning> };
  return [...optimization(it), ...objective(it), ...images(it), ...whatTrained(it), ...selection(it)]
    .map((sentence) => `${sentence} `)
    .join('');
}

const said = (sentences: readonly (string | false | null | undefined)[]) =>
  sentences.filter((sentence): sentence is string => typeof sentence === 'string');

function optimization({
  preset,
  batchSize,
  accumulate = 1,
  weightDecay,
  beta2,
  schedule,
  warmup = 0,
  epochs,
  patience,
  clip,
}: Partial<Finetuning>) {
  const ahead = warmup > 0 ? ` after a linear warm-up over ${compact(100 * warmup)} % of the steps` : '';
  const decay = weightDecay === 0 ? 'no weight decay' : `weight decay ${compact(weightDecay ?? 0)}`;
  const batch = accumulate > 1 ? `${accumulate} times ${batchSize} images` : `${batchSize} images`;
  const length = counted(epochs ?? 0, 'epoch');
  const stop = patience ? `at most ${length}, or until ${counted(patience, 'epoch')} in a row were no better` : length;
  return said([
    preset && `The recipe is the preset ${preset} with the changes that the table of settings shows.`,
    batchSize !== undefined &&
      `AdamW (beta2 ${compact(beta2 ?? 0.999)}, ${decay}) took steps of ${batch}, at a ${schedule === 'cosine' ? 'rate that falls along a cosine' : 'constant rate'}${ahead}, for ${stop}.`,
    clip != null && `Gradients were clipped to a norm of ${compact(clip)}.`,
  ]);
}

function objective({ loss, mixup = 0, ema }: Partial<Finetuning>) {
  return said([
    loss?.type === 'cross-entropy' &&
      `The loss was binary cross-entropy, ${loss.posWeight ? 'positives weighted by negatives / positives of the training split' : 'without weights of classes'}` +
        `${loss.smoothing > 0 ? `, labels smoothed by ${compact(loss.smoothing)}` : ''}.`,
    loss?.type === 'focal' &&
      `The loss was focal (gamma ${compact(loss.gamma)}, ${loss.alpha === null ? 'no alpha' : `alpha ${compact(loss.alpha)}`}).`,
    loss?.type === 'asymmetric' &&
      `The loss was asymmetric (gamma ${compact(loss.gammaPositive)} for positives and ${compact(loss.gammaNegative)} for negatives, clipped at ${compact(loss.clip)}).`,
    mixup > 0 && `Images and labels were mixed in pairs (mixup, alpha ${compact(mixup)}).`,
    ema != null &&
      `Averaged weights were validated and tested (exponential moving average, decay up to ${compact(ema)}).`,
  ]);
}

function images({ labelFraction = 1, sampling = 'shuffled', augmentation }: Partial<Finetuning>) {
  const drawn = {
    shuffled: undefined,
    'square-root': 'with probabilities between uniform and balanced by finding (square root)',
    'class-balanced': 'balanced by finding',
  };
  const changes = augmentation ? augmentations(augmentation) : [];
  return said([
    labelFraction < 1 &&
      `The labels of ${compact(100 * labelFraction)} % of the training patients were used, drawn with each fine-tuning seed ` +
        `so that every finding has a positive and a negative.`,
    drawn[sampling] && `Images were drawn with replacement, ${drawn[sampling]}.`,
    changes.length > 0 && `Training images were augmented: ${listed(changes)}.`,
  ]);
}

function augmentations({ flip, rotation, scale, contrast, brightness }: Augmentation): string[] {
  return said([
    flip > 0 && `mirrored with a probability of ${compact(flip)}`,
    rotation > 0 && `rotated by up to ${compact(rotation)} degrees`,
    (scale[0] !== 1 || scale[1] !== 1) && `scaled by ${compact(scale[0])} to ${compact(scale[1])}`,
    contrast > 0 && `contrast changed by up to ${compact(100 * contrast)} %`,
    brightness > 0 && `brightness changed by up to ${compact(100 * brightness)} %`,
  ]);
}

function whatTrained({ layerDecay = 1, freeze = 0, lora = null, dropPath = 0 }: Partial<Finetuning>) {
  const first = `The embedding and the first ${freeze === 1 ? 'block' : `${freeze} blocks`}`;
  const partly = typeof freeze === 'number' && freeze > 0;
  return said([
    freeze === 'backbone' && 'The network was frozen; the head alone was trained.',
    lora &&
      `The network was frozen; low-rank adapters (rank ${lora.rank}, alpha ${compact(lora.alpha)}, beside ${listed(lora.targets)}) ` +
        'and the head were trained, and the adapters merged into the weights.',
    partly && `${first} ${lora ? 'had no adapters' : 'were frozen'}.`,
    layerDecay < 1 && `Each layer learned at ${compact(layerDecay)} times the rate of the one after it.`,
    dropPath > 0 && `Residual branches were dropped with a probability of up to ${compact(dropPath)}.`,
  ]);
}

function selection({ select = 'loss', testFlip }: Partial<Finetuning>) {
  const best = select === 'auroc' ? 'highest mean validation AUROC' : 'lowest validation loss';
  return said([
    testFlip && 'Validation and test took the mean logit of each image and its mirror image.',
    `The weights of the epoch with the ${best} were tested; the test split took no part in any choice.`,
  ]);
}
