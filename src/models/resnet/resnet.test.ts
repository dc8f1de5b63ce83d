import { afterEach, describe, expect, it } from 'vitest';
import {
  liveTensors,
  manualSeed,
  noGrad,
  rand,
  randn,
  scope,
  setThreads,
  type Tensor,
  toFloat32Array,
} from '../../torch/index.js';
import { RESNET_SIZES, type ResNetConfig, resnetOptions } from './config.js';
import { ResidualBlock } from './residual-block.js';
import { ResNet } from './resnet.js';

setThreads(1);
const made: ResNet[] = [];
function resnet(config: Partial<ResNetConfig> = {}): ResNet {
  const small = { size: 'resnet50', imageSize: 64, width: 4, stemWidth: 8 } as const;
  const model = new ResNet(resnetOptions({ ...small, ...config }));
  made.push(model);
  return model;
}
afterEach(() => {
  for (const model of made.splice(0)) model.free();
});
const deviation = (tensor: Tensor) => {
  const values = toFloat32Array(tensor);
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
};

describe('the start', () => {
  it('is that of torchvision: normal, variance 2 over the fan out, and every branch at zero', () => {
    manualSeed(4);
    const model = resnet({ stages: [1, 2, 1, 1], width: 16 });
    const [stem, last] = [model.stateDict()['conv1.weight']!, model.layer4[0]!];
    expect(deviation(stem) / Math.sqrt(2 / (8 * 49))).toBeCloseTo(1, 1);
    expect(deviation(last.conv2.weight) / Math.sqrt(2 / (128 * 9))).toBeCloseTo(1, 1);
    for (const block of [...model.layer1, ...model.layer2, ...model.layer3, ...model.layer4]) {
      expect(new Set(toFloat32Array(block.bn3!.weight))).toEqual(new Set([0]));
      expect(new Set(toFloat32Array(block.bn2.weight))).toEqual(new Set([1]));
    }
  });

  it('counts the parameters of ResNet-50 as torchvision does, without its classifier', () => {
    expect(resnet({ width: 64, stemWidth: 64 }).parameterCount()).toBe(25_557_032 - 2_049_000);
  });
});

describe('layers', () => {
  it('counts the blocks through the stages', () => {
    const model = resnet();
    expect(model.depth).toBe(16);
    expect(model.dim).toBe(4 * 8 * 4);
    const layers = ['conv1.weight', 'bn1.bias', 'layer1.0.conv1.weight', 'layer2.0.bn1.weight', 'layer4.2.bn3.bias'];
    expect(layers.map((name) => model.layerOf(name))).toEqual([0, 0, 1, 4, 16]);
    const all = new Set([...model.namedParameters()].map(([name]) => model.layerOf(name)));
    expect([...all].sort((a, b) => a - b)).toEqual(Array.from({ length: 17 }, (_, i) => i));
    expect(resnet({ size: 'resnet50d' }).layerOf('conv1.4.weight')).toBe(0);
  });

  it('gives the widths and places of their stages, in the order asked for', () => {
    scope(() => {
      const model = resnet().eval();
      const features = noGrad(() => model.layers(rand([2, 3, 64, 96]), [16, 3, 4]));
      expect(features.map(({ classToken }) => classToken.shape)).toEqual([
        [2, 128],
        [2, 16],
        [2, 32],
      ]);
      expect(features.map(({ patchTokens }) => patchTokens.shape[1])).toEqual([2 * 3, 16 * 24, 8 * 12]);
      expect(() => model.layers(rand([1, 3, 64, 64]), [17])).toThrow(/layer 17; the network has layers 1 to 16/);
    });
  });

  it('leaves no tensor behind but the features', () => {
    scope(() => {
      const model = resnet({ size: 'resnet50d' }).eval();
      const x = rand([1, 3, 64, 64]);
      const before = liveTensors();
      const features = noGrad(() => model.features(x));
      expect(liveTensors()).toBe(before + Object.keys(features).length);
    });
  });
});

describe('stochastic depth', () => {
  it('drops the branch of a block in training alone', () => {
    scope(() => {
      const options = { block: 'bottleneck', inChannels: 16, width: 4, stride: 1, averageDown: false } as const;
      const block = new ResidualBlock({ ...options, dropPath: 1 });
      const x = randn([2, 16, 5, 5]);
      const [training, evaluation] = [true, false].map((on) => noGrad(() => block.train(on).forward(x)));
      expect(toFloat32Array(training!)).toEqual(toFloat32Array(x.relu()));
      expect(toFloat32Array(evaluation!)).not.toEqual(toFloat32Array(x.relu()));
      block.free();
    });
  });

  it('drops more of them further up, as timm does', () => {
    const { layer1, layer2, layer3, layer4 } = resnet({ stages: [1, 2, 1, 1], dropPath: 0.2 });
    const rates = [...layer1, ...layer2, ...layer3, ...layer4].map((block) => block.options.dropPath);
    for (const [i, rate] of rates.entries()) expect(rate).toBeCloseTo(0.05 * i);
  });
});

describe('a config', () => {
  it('builds the same network again', () => {
    const model = resnet({ size: 'resnet50d', channels: 1, dropPath: 0.1 });
    const { architecture, ...config } = model.config as ResNetConfig & { architecture: string };
    const again = resnet(config);
    expect(architecture).toBe('resnet');
    expect(again.config).toEqual(model.config);
    const shapes = (one: ResNet) => Object.entries(one.stateDict()).map(([name, { shape }]) => `${name} ${shape}`);
    expect(shapes(again)).toEqual(shapes(model));
  });

  it.each([
    [{ imageSize: 224 }, 'model: found no size; expected size, or block and stages'],
    [{ size: 'resnet50', imageSize: 224, stages: [3, 4, 6] }, 'model: stages: found [3,4,6]; expected four numbers'],
    [{ size: 'resnet50', imageSize: 224, channels: 2 }, 'model: channels: found 2; expected 1 or 3'],
    [{ size: 'resnet50d', imageSize: 224, stemWidth: 33 }, 'model: stemWidth: found 33; expected an even number'],
  ] as [ResNetConfig, string][])('refuses %o', (config, message) => {
    expect(() => resnetOptions(config)).toThrow(message);
  });

  it('knows ten sizes', () => {
    expect(Object.keys(RESNET_SIZES)).toHaveLength(10);
  });
});
