/** Self-supervised pretraining with SimCLR (Chen et al., 2020): two views of an image must find each other. */
import { join } from 'node:path';
import { HilumError, Random } from '../base/index.js';
import { type ContrastiveViews, contrastiveView, toThreeChannels, toUnit } from '../imaging/index.js';
import { type Backbone, createBackbone, type ModelConfig, saveBackbone } from '../models/index.js';
import {
  type AdamW,
  autocast,
  backward,
  Linear,
  Module,
  type Precision,
  type Schedule,
  type StateDict,
  scope,
  type Tensor,
} from '../torch/index.js';
import {
  type Batch,
  concatenatedState,
  learningRateSchedule,
  type Metrics,
  optimizerStep,
  ownState,
  type Position,
  type Recipe,
  recipeOptimizer,
  type TaskContext,
  type TrainingTask,
} from '../training/index.js';
import { contrastiveLoss, embeddingSpread } from './contrastive-loss.js';

export interface SimclrConfig {
  model: ModelConfig;
  recipe: Recipe;
  temperature: number;
  /** Width of the projector's hidden layer, and of its result. */
  projector: { hidden: number; output: number };
  views: ContrastiveViews;
  precision: Precision;
  seed: number;
}

export interface SimclrResult {
  /** Mean loss between two points of the curve. */
  loss: { step: number; loss: number }[];
  /** Spread of the embeddings at the end: 1 is uniform on the sphere, 0 collapsed. */
  spread: number;
}

/** A spread below this for a share of all steps on end: all images have nearly the same embedding. */
const COLLAPSED = 0.05;
const PATIENCE = 0.1;
const CURVE_POINTS = 100;

/** `[B, D]` class tokens to the embeddings that the loss compares. */
class Projector extends Module {
  readonly fc1: Linear;
  readonly fc2: Linear;

  constructor(dim: number, { hidden, output }: SimclrConfig['projector']) {
    super();
    this.fc1 = new Linear(dim, hidden);
    this.fc2 = new Linear(hidden, output);
  }

  forward(x: Tensor): Tensor {
    return this.fc2.forward(this.fc1.forward(x).relu());
  }
}

class SimclrTask implements TrainingTask {
  private readonly backbone: Backbone;
  private readonly projector: Projector;
  private readonly optimizer: AdamW;
  private readonly schedule: Schedule;
  private curve: SimclrResult['loss'] = [];
  private recent = { loss: 0, steps: 0 };
  private spread = 1;
  /** Steps on end with a spread below COLLAPSED. */
  private flat = 0;

  constructor(
    private readonly config: SimclrConfig,
    private readonly context: TaskContext,
  ) {
    this.backbone = createBackbone(config.model).to(context.device);
    this.projector = new Projector(this.backbone.dim, config.projector).to(context.device);
    const parameters = [...this.backbone.parameters(), ...this.projector.parameters()];
    this.optimizer = recipeOptimizer([{ parameters }], config.recipe);
    this.schedule = learningRateSchedule(config.recipe, context.totalSteps);
  }

  state(): StateDict {
    const { backbone, projector, optimizer } = this;
    return concatenatedState({
      backbone: backbone.stateDict(),
      projector: projector.stateDict(),
      optimizer: optimizer.stateDict(),
    });
  }

  loadState(state: StateDict): void {
    this.backbone.loadStateDict(ownState('backbone', state), 'checkpoint');
    this.projector.loadStateDict(ownState('projector', state), 'checkpoint');
    this.optimizer.loadStateDict(ownState('optimizer', state), this.optimizer.steps);
  }

  memory() {
    const { curve, recent, spread, flat } = this;
    return { optimizerSteps: this.optimizer.steps, curve, recent, spread, flat };
  }

  loadMemory(memory: ReturnType<SimclrTask['memory']>): void {
    this.optimizer.steps = memory.optimizerSteps;
    this.curve = memory.curve;
    this.recent = memory.recent;
    this.spread = memory.spread;
    this.flat = memory.flat;
  }

  step(batch: Batch, { epoch, stepOfEpoch, step, totalSteps }: Position): Metrics {
    const { config, context } = this;
    const loss = scope(() => {
      const images = toThreeChannels(toUnit(batch.images, batch.shape, context.device));
      const [one, other] = ['first view', 'second view'].map((name) =>
        contrastiveView(images, config.views, Random.of(config.seed, name, epoch, stepOfEpoch)),
      ) as [Tensor, Tensor];
      const value = autocast(context.device, config.precision, () => {
        const [first, second] = [this.embed(one), this.embed(other)];
        this.spread = embeddingSpread(first);
        return contrastiveLoss(first, second, config.temperature);
      });
      backward(value);
      return value.item();
    });
    optimizerStep(this.optimizer, this.schedule(step), config.recipe.clip);
    this.record(loss, step, totalSteps);
    return { loss, spread: this.spread };
  }

  /** `[B, 3, S, S]` to embeddings `[B, output]`, float32. */
  private embed(images: Tensor): Tensor {
    return scope(() => this.projector.forward(this.backbone.forward(images)).to('float32'));
  }

  private record(loss: number, step: number, totalSteps: number): void {
    const { recent } = this;
    recent.loss += loss;
    recent.steps++;
    if (recent.steps >= totalSteps / CURVE_POINTS || step + 1 === totalSteps) {
      this.curve.push({ step: step + 1, loss: recent.loss / recent.steps });
      this.recent = { loss: 0, steps: 0 };
    }
    this.flat = this.spread < COLLAPSED ? this.flat + 1 : 0;
    if (!Number.isFinite(loss) || this.flat > Math.max(10, PATIENCE * totalSteps)) {
      throw new HilumError(
        `${this.context.folder}: the pretraining collapsed at step ${step + 1} (loss ${loss}, spread of the embeddings ` +
          `${this.spread.toFixed(3)}); expected a finite loss and a spread near 1. Lower learningRate or raise batchSize.`,
      );
    }
  }

  async finish(): Promise<SimclrResult> {
    const metadata = { format: 'pt', model: JSON.stringify(this.config.model) };
    saveBackbone(this.backbone, join(this.context.folder, 'backbone.safetensors'), metadata);
    return { loss: this.curve, spread: this.spread };
  }
}

export const createTask = (config: SimclrConfig, context: TaskContext): TrainingTask => new SimclrTask(config, context);
