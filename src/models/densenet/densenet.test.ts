import { afterEach, describe, expect, it } from 'vitest';
import { liveTensors, manualSeed, noGrad, rand, scope, setThreads, toFloat32Array } from '../../torch/index.js';
import { type DenseNetConfig, densenetOptions } from './config.js';
import { DenseNet } from './densenet.js';

setThreads(1);
const made: DenseNet[] = [];
function densenet(config: Partial<DenseNetConfig> = {}): DenseNet {
  const model = new DenseNet(densenetOptions({ imageSize: 64, blocks: [2, 3, 2], growth: 4, ...config }));
  made.push(model);
  return model;
}
afterEach(() => {
  for (const model of made.splice(0)) model.free();
});

describe('the network', () => {
  it('counts the parameters of DenseNet-121 as torchvision does, without its classifier', () => {
    const model = new DenseNet(densenetOptions({ size: 'densenet121', imageSize: 224 }));
    made.push(model);
    expect(model.parameterCount()).toBe(7_978_856 - 1_025_000);
    expect([model.dim, model.depth]).toEqual([1024, 58]);
  });

  it("keeps PyTorch's order in its state", () => {
    const names = Object.keys(densenet({ blocks: [1, 1] }).stateDict()).filter((name) => name.endsWith('.weight'));
    const layer = ['norm1', 'conv1', 'norm2', 'conv2'];
    expect(names).toEqual(
      [
        'conv0',
        'norm0',
        ...layer.map((part) => `denseblock1.denselayer1.${part}`),
        'transition1.norm',
        'transition1.conv',
        ...layer.map((part) => `denseblock2.denselayer1.${part}`),
        'norm5',
      ].map((name) => `${name}.weight`),
    );
  });

  it('starts as torchvision does: normal, variance 2 over the fan in', () => {
    manualSeed(4);
    const values = toFloat32Array(densenet({ growth: 16 }).stateDict()['denseblock2.denselayer1.conv2.weight']!);
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    expect(deviation / Math.sqrt(2 / (4 * 16 * 9))).toBeCloseTo(1, 1);
  });

  it('leaves no tensor behind but the features', () => {
    scope(() => {
      const model = densenet().eval();
      const x = rand([1, 3, 64, 64]);
      const before = liveTensors();
      const features = noGrad(() => model.features(x));
      expect(liveTensors()).toBe(before + Object.keys(features).length);
      expect(features.patchTokens.shape).toEqual([1, 4 * 4, model.dim]); // 64 / 4 after the stem, halved twice
    });
  });
});

describe('layers', () => {
  it('counts the dense layers, a transition with the one before it', () => {
    const model = densenet();
    const names = [
      'conv0.weight',
      'norm0.bias',
      'denseblock1.denselayer2.norm1.weight',
      'transition1.conv.weight',
      'denseblock2.denselayer1.conv1.weight',
      'transition2.norm.weight',
      'denseblock3.denselayer2.conv2.weight',
      'norm5.weight',
    ];
    expect(names.map((name) => model.layerOf(name))).toEqual([0, 0, 2, 2, 3, 5, 7, 8]);
    const all = new Set([...model.namedParameters()].map(([name]) => model.layerOf(name)));
    expect([...all].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('gives the growing maps, in the order asked for', () => {
    scope(() => {
      const model = densenet().eval();
      const features = noGrad(() => model.layers(rand([1, 3, 64, 96]), [7, 1, 3]));
      expect(features.map(({ patchTokens }) => patchTokens.shape)).toEqual([
        [1, 4 * 6, model.dim],
        [1, 16 * 24, 12],
        [1, 8 * 12, 12],
      ]);
      expect(() => model.layers(rand([1, 3, 64, 64]), [0])).toThrow(/layer 0; the network has layers 1 to 7/);
    });
  });
});

describe('a config', () => {
  it('builds the same network again', () => {
    const { architecture, ...config } = densenet({ channels: 1 }).config as DenseNetConfig & { architecture: string };
    expect(architecture).toBe('densenet');
    expect(densenet(config).config).toEqual(densenet({ channels: 1 }).config);
  });

  it.each([
    [{ imageSize: 224 }, 'model: found no size; expected size, or blocks'],
    [{ imageSize: 224, blocks: [6, 0] }, 'model: blocks: found [6,0]'],
    [{ imageSize: 224, size: 'densenet121', channels: 4 }, 'model: channels: found 4; expected 1 or 3'],
    [{ imageSize: 224, size: 'densenet121', dropPath: 0.1 }, 'model: dropPath: found 0.1; expected 0'],
  ] as [DenseNetConfig, string][])('refuses %o', (config, message) => {
    expect(() => densenetOptions(config)).toThrow(message);
  });
});
