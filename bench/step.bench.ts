import { HilumError, inputError } from '../src/base/index.js';
import { Classifier, VIT_SIZES, VisionTransformer, type VitSize, vitOptions } from '../src/models/index.js';
import {
  AdamW,
  autocast,
  backward,
  engineInfo,
  manualSeed,
  type Precision,
  rand,
  randn,
  scope,
  setThreads,
  synchronize,
} from '../src/torch/index.js';
import {
  type BenchmarkFlags,
  type BenchmarkOptions,
  type BenchmarkRow,
  interleave,
  positiveInteger,
  row,
  seconds,
} from './harness.js';
import { describeMachine } from './machine.js';
import { PythonPeer } from './python-peer.js';

export const description = 'a training step of a vision transformer, here and in Python on the same libtorch';

export const flags: BenchmarkFlags = {
  model: { help: `${Object.keys(VIT_SIZES).join(', ')}`, default: 'base' },
  precision: { help: 'fp32, bf16 or fp32,bf16', default: 'fp32,bf16' },
  batch: { help: 'images per step', default: '8' },
  'image-size': { help: 'side in pixels', default: '224' },
  'patch-size': { help: 'side of a patch in pixels', default: '14' },
  device: { help: 'cpu, cuda or cuda:N', default: 'cpu' },
};

const OUTPUTS = 15;
const LEARNING_RATE = 1e-5;
/** As in DINOv2; the peer's too. */
const LAYER_SCALE = 1e-5;
/** A round of a quick model does as many steps as fit in this time. */
const ROUND_SECONDS = 1;

export async function run(options: BenchmarkOptions): Promise<BenchmarkRow[]> {
  const { model, precisions, batch, imageSize, patchSize, device } = readFlags(options.flags);
  const machine = describeMachine();
  setThreads(options.threads);
  const training = makeTraining({ model, batch, imageSize, patchSize, device });
  const settings = {
    device,
    imageSize,
    patchSize,
    ...VIT_SIZES[model],
    outputs: OUTPUTS,
    batch,
    learningRate: LEARNING_RATE,
  };
  await using peer = await PythonPeer.start('step_peer.py', [JSON.stringify(settings)], options.threads);
  const { parameters, ...peerVersions } = peer.versions;
  if (Number(parameters) !== training.parameters) {
    throw new HilumError(`step: ${training.parameters} parameters here, ${parameters} in Python; expected the same`);
  }

  const { libtorch, blas } = engineInfo();
  const versions = { libtorch, blas, threads: String(options.threads), ...peerVersions };
  const rows: BenchmarkRow[] = [];
  for (const precision of precisions) {
    const name = `training step, ViT ${model}/${patchSize}, ${imageSize} px, batch ${batch}, ${precision}, ${device}`;
    options.say(`${name}: warming up`);
    const first = await seconds(() => training.steps(precision, 1));
    const again = first < ROUND_SECONDS ? (await seconds(() => training.steps(precision, 3))) / 3 : first;
    const steps = Math.max(1, Math.min(100, Math.round(ROUND_SECONDS / again)));
    const images = (time: number) => (batch * steps) / time;
    const sides = await interleave(
      async () => {
        const rate = images(await seconds(() => training.steps(precision, steps)));
        options.say(`  here ${rate.toPrecision(4)} images/s`);
        return rate;
      },
      async () => {
        const rate = images(await peer.seconds(`${precision} ${steps}`));
        options.say(`  Python ${rate.toPrecision(4)} images/s`);
        return rate;
      },
      options.rounds,
      { warmup: 1, seconds: options.seconds },
    );
    options.say(`  ${sides.ours.length} rounds of ${steps} steps`);
    rows.push(row({ name, unit: 'images/s', better: 'more', ...sides, peerName: 'PyTorch', versions, machine }));
  }
  training.free();
  return rows;
}

interface Settings {
  model: VitSize;
  batch: number;
  imageSize: number;
  patchSize: number;
  device: string;
}

/** Our side: a model, an optimizer and one batch of random images and targets. */
function makeTraining({ model: size, batch, imageSize, patchSize, device }: Settings) {
  manualSeed(0, device);
  const model = new Classifier(
    new VisionTransformer(vitOptions({ size, imageSize, patchSize, layerScale: LAYER_SCALE })),
    OUTPUTS,
  ).to(device);
  const optimizer = new AdamW(model.parameters(), { learningRate: LEARNING_RATE });
  const images = randn([batch, 3, imageSize, imageSize], 'float32', device).keep();
  const targets = scope(() => rand([batch, OUTPUTS], 'float32', device).lt(0.3).to('float32').keep());

  const step = (precision: Precision) =>
    scope(() => {
      const loss = autocast(device, precision, () =>
        model.forward(images).binaryCrossEntropyWithLogits(targets, null, null),
      );
      optimizer.zeroGrad();
      backward(loss);
      optimizer.step();
    });

  return {
    parameters: model.parameterCount(),
    steps(precision: Precision, count: number): void {
      synchronize(device);
      for (let i = 0; i < count; i++) step(precision);
      synchronize(device);
    },
    free(): void {
      optimizer.free();
      model.free();
      images.free();
      targets.free();
    },
  };
}

function readFlags(given: Record<string, string>) {
  const { model = '', precision = '', device = '' } = given;
  if (!(model in VIT_SIZES)) {
    throw inputError({ what: '--model', found: model, expected: `one of ${Object.keys(VIT_SIZES).join(', ')}` });
  }
  const precisions = precision.split(',');
  if (precisions.some((name) => name !== 'fp32' && name !== 'bf16')) {
    throw inputError({ what: '--precision', found: precision, expected: 'fp32, bf16 or fp32,bf16' });
  }
  if (!/^(cpu|cuda(:\d+)?)$/.test(device)) {
    throw inputError({ what: '--device', found: device, expected: 'cpu, cuda or cuda:N' });
  }
  return {
    model: model as VitSize,
    precisions: precisions as Precision[],
    device,
    batch: positiveInteger('batch', given.batch!),
    imageSize: positiveInteger('image-size', given['image-size']!),
    patchSize: positiveInteger('patch-size', given['patch-size']!),
  };
}
