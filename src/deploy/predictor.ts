import { join } from 'node:path';
import { batches, type ImageSource, ImageStore } from '../imaging/index.js';
import { Classifier, createBackbone, type ModelCard, readModelCard } from '../models/index.js';
import { noGrad, readSafetensors, scope, toFloat32Array } from '../torch/index.js';
import { predictLogits } from '../training/index.js';

const BATCH = 16;

/** A finished run, put to work. */
export class Predictor {
  private constructor(
    readonly card: ModelCard,
    private readonly model: Classifier,
    private readonly device: string,
  ) {}

  /** Opens a run's folder; the model computes in the precision that it was tested in. Throws an InputError that names the missing or unfit file. */
  static open(folder: string, device = 'cpu'): Predictor {
    const card = readModelCard(folder);
    const model = new Classifier(createBackbone(card.model), card.findings.length);
    const weights = join(folder, 'model.safetensors');
    scope(() => model.loadStateDict(readSafetensors(weights).tensors, weights));
    return new Predictor(card, model.to(device).eval(), device);
  }

  /** Probability of each finding, `[F]`, for each image, in order. Throws an ImageError for one that cannot be read. */
  async predict(paths: readonly string[], onProgress: (done: number) => void = () => {}): Promise<Float32Array[]> {
    const { model, preprocessing, findings, precision, testFlip } = this.card;
    const options = { device: this.device, precision, testFlip };
    const sources = paths.map((path): ImageSource => ({ kind: 'file', path }));
    const store = new ImageStore(sources, { ...preprocessing, size: model.imageSize, channels: 1 }, { cacheBytes: 0 });
    const results: Float32Array[] = [];
    for await (const batch of batches(store, Int32Array.from(paths.keys()), { batchSize: BATCH })) {
      const probabilities = scope(() =>
        noGrad(() => toFloat32Array(predictLogits(this.model, batch, options).sigmoid())),
      );
      const F = findings.length;
      for (let row = 0; row < batch.indices.length; row++) results.push(probabilities.slice(row * F, (row + 1) * F));
      onProgress(results.length);
    }
    return results;
  }

  free(): void {
    this.model.free();
  }
}
