/** What the engine finds on a CUDA device: operators, kernels, random numbers, memory, an error that stays an error. */
import assert from 'node:assert/strict';
import {
  AdamW,
  autocast,
  backward,
  cudaDevices,
  engineInfo,
  fromArray,
  hasKernel,
  Linear,
  liveTensors,
  manualSeed,
  randn,
  scaledDotProductAttention,
  scope,
  synchronize,
  type Tensor,
  toFloat32Array,
} from '../src/torch/index.js';

console.log(engineInfo());
assert.ok(cudaDevices() > 0, 'libtorch finds no CUDA device');
for (const name of ['aten::scaled_dot_product_attention', 'aten::_fused_adamw_']) {
  console.log(name, hasKernel(name, 'CUDA') ? 'has a CUDA kernel' : 'absent');
}

scope(() => {
  manualSeed(5, 'cuda');
  const first = toFloat32Array(randn([1000], 'float32', 'cuda'));
  manualSeed(5, 'cuda');
  assert.deepEqual(toFloat32Array(randn([1000], 'float32', 'cuda')), first, 'the same seed gives the same numbers');

  const [q, k, v] = randn([3, 2, 3, 50, 64], 'float32', 'cuda').unbind() as [Tensor, Tensor, Tensor];
  const fused = toFloat32Array(scaledDotProductAttention(q, k, v));
  const composed = toFloat32Array(
    q
      .mul(1 / 8)
      .matmul(k.transpose(-2, -1))
      .softmax(-1)
      .matmul(v),
  );
  const difference = Math.max(...fused.map((value, i) => Math.abs(value - composed[i]!)));
  console.log('fused attention, largest difference from the composed form', difference);
  assert.ok(difference < 1e-5);
  const half = autocast('cuda', 'bf16', () => q.matmul(k.transpose(-2, -1)));
  assert.equal(half.dtype, 'bfloat16');
});

const layer = new Linear(64, 8).to('cuda');
const optimizer = new AdamW(layer.parameters(), { learningRate: 1e-2 });
const x = fromArray(
  Float32Array.from({ length: 640 }, (_, i) => Math.sin(i)),
  [10, 64],
  'cuda',
).keep();
const losses: number[] = [];
for (let i = 0; i < 50; i++) {
  scope(() => {
    const loss = layer.forward(x).sub(1).pow(2).mean();
    optimizer.zeroGrad();
    backward(loss);
    optimizer.step();
    losses.push(loss.item());
  });
}
console.log('loss of a linear layer', losses[0], 'to', losses.at(-1));
assert.ok(losses.at(-1)! < losses[0]! / 10);
const live = liveTensors();
scope(() => randn([100], 'float32', 'cuda').add(1));
assert.equal(liveTensors(), live, 'a scope frees its tensors');

assert.throws(() => randn([1], 'float32', 'cuda:99'), /cuda:99|device/i, 'a device that is not there is an error');
assert.throws(
  () => scope(() => randn([2, 3], 'float32', 'cuda').matmul(randn([2, 3], 'float32', 'cuda'))),
  /shape|size/,
);
assert.throws(() => scope(() => randn([2 ** 40], 'float32', 'cuda')), /memory/i, 'too much memory is an error');
synchronize('cuda');
console.log('engine: all as expected');
