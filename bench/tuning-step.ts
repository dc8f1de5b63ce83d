/** A few fine-tuning steps in a process of its own: `node tuning-step.js SETTINGS` prints a TuningStepResult. */
import { Classifier, createBackbone, frozenParts, type VitSize } from '../src/models/index.js';
import { AdamW, backward, rand, scope, setThreads, zeros } from '../src/torch/index.js';
import { applyTuning, optimizerStep, parameterGroups, type Tuning } from '../src/training/index.js';

export interface TuningStep {
  model: VitSize;
  batch: number;
  imageSize: number;
  steps: number;
  threads: number;
  tuning: Tuning;
}

export interface TuningStepResult {
  imagesPerSecond: number;
  /** The largest resident memory of the process. */
  peakMiB: number;
}

const OUTPUTS = 15;

function measure({ model: size, batch, imageSize, steps, threads, tuning }: TuningStep): TuningStepResult {
  setThreads(threads);
  const backbone = createBackbone({ architecture: 'vit', size, imageSize });
  applyTuning(backbone, tuning);
  const model = new Classifier(backbone, OUTPUTS);
  const optimizer = new AdamW(parameterGroups(model, tuning.layerDecay), { learningRate: 1e-5, weightDecay: 0 });
  const frozen = frozenParts(model);
  const step = () => {
    model.train();
    for (const part of frozen) part.eval();
    scope(() => {
      const logits = model.forward(rand([batch, 3, imageSize, imageSize]));
      backward(logits.binaryCrossEntropyWithLogits(zeros([batch, OUTPUTS], 'float32')));
    });
    optimizerStep(optimizer, 1e-5, null);
  };
  step();
  const from = performance.now();
  for (let i = 0; i < steps; i++) step();
  const seconds = (performance.now() - from) / 1000;
  return { imagesPerSecond: (batch * steps) / seconds, peakMiB: process.resourceUsage().maxRSS / 1024 };
}

process.stdout.write(JSON.stringify(measure(JSON.parse(process.argv[2]!) as TuningStep)));
