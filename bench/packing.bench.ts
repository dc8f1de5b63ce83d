import { HilumError } from '../src/base/index.js';
import { VIT_SIZES, VisionTransformer, vitOptions } from '../src/models/index.js';
import * as torch from '../src/torch/index.js';
import { type BenchmarkOptions, type BenchmarkRow, interleave, row, seconds } from './harness.js';
import { describeMachine } from './machine.js';

export const description =
  'global and local crops through the blocks of a vision transformer, one after the other and packed';

const { backward, cat, noGrad, scaledDotProductAttention, scope } = torch;
const SHAPES = [
  { name: 'ViT 128 x 6, 64/32 px', dim: 128, depth: 6, heads: 2, crops: [64, 32], batch: 32, locals: 4 },
  { name: 'ViT-Ti/16, 96/48 px', ...VIT_SIZES.tiny, crops: [96, 48], batch: 32, locals: 4 },
  { name: 'ViT-S/16, 224/96 px', ...VIT_SIZES.small, crops: [224, 96], batch: 8, locals: 8 },
] as const;
/** A round does as many passes, forward and backward, as fit in this time. */
const ROUND_SECONDS = 2;

/** Tokens of each size of crop, `[B, N, D]`, through all blocks. */
type Pass = (blocks: VisionTransformer['blocks'], groups: torch.Tensor[]) => torch.Tensor[];

const apart: Pass = (blocks, groups) => groups.map((tokens) => blocks.reduce((x, block) => block.forward(x), tokens));

/** Every layer sees the tokens of all crops at once, `[T, D]`, but attention, which keeps to a crop's own. The larger group comes first. */
const packed: Pass = (blocks, groups) => {
  const shapes = groups.map(({ shape }) => shape as [number, number, number]);
  const [B, N, D] = shapes[0]!;
  const taken = (rows: torch.Tensor) => rows.split(B * N); // whose backward is one copy for both groups
  const through = (x: torch.Tensor, { attn, norm1, ls1, norm2, mlp, ls2 }: (typeof blocks)[number]) => {
    const attended = taken(attn.qkv.forward(norm1.forward(x))).map((part, i) => {
      const [b, n] = shapes[i]!;
      const [q, k, v] = part
        .reshape([b, n, 3, attn.heads, D / attn.heads])
        .permute([2, 0, 3, 1, 4])
        .unbind();
      return scaledDotProductAttention(q!, k!, v!)
        .transpose(1, 2)
        .reshape([b * n, D]);
    });
    const middle = x.add(ls1.forward(attn.proj.forward(cat(attended))));
    return middle.add(ls2.forward(mlp.forward(norm2.forward(middle))));
  };
  const first = cat(groups.map((tokens) => tokens.flatten(0, 1)));
  return taken(blocks.reduce(through, first)).map((part, i) => part.reshape(shapes[i]!));
};

export async function run({ rounds, seconds: limit, threads, say }: BenchmarkOptions): Promise<BenchmarkRow[]> {
  const machine = describeMachine();
  torch.setThreads(1);
  const { libtorch, blas } = torch.engineInfo();
  const versions = { libtorch, blas };
  const rows: BenchmarkRow[] = [];
  for (const { name: shape, crops, batch: whole, locals, ...size } of SHAPES) {
    const batch = Math.ceil(whole / threads); // a step shares its rows out among threads, each of which computes with one
    const name = `${shape}, ${locals} locals, batch ${whole}, as one of ${threads} threads`;
    const { blocks } = new VisionTransformer(vitOptions({ ...size, imageSize: crops[0], patchSize: 16 }));
    const tokens = crops.map((side, i) =>
      torch.randn([(i === 0 ? 2 : locals) * batch, 1 + (side / 16) ** 2, size.dim], 'float32').requiresGrad_(true),
    );
    const output = (pass: Pass) => cat(pass(blocks, tokens).map((x) => x.flatten()));
    const [a, b] = scope(() => noGrad(() => [output(apart), output(packed)]));
    const difference = a!.sub(b!).vectorNorm().item() / a!.vectorNorm().item();
    if (!(difference < 1e-5)) throw new HilumError(`packing: the sides differ by ${difference}`);
    const step = (pass: Pass) => scope(() => backward(output(pass).pow(2).sum()));
    const passes = Math.max(1, Math.round(ROUND_SECONDS / (await seconds(() => step(apart)))));
    const passesOf = (pass: Pass) => () => Array.from({ length: passes }, () => step(pass));
    const time = async (pass: Pass) => (1000 * (await seconds(passesOf(pass)))) / passes;
    const [ours, peer] = [() => time(apart), () => time(packed)];
    const sides = await interleave(ours, peer, rounds, { seconds: limit });
    say(`${name}: ratios ${sides.ours.map((one, i) => (sides.peer[i]! / one).toFixed(2)).join(', ')}`);
    rows.push(row({ name, unit: 'ms', better: 'less', ...sides, peerName: 'packed', versions, machine }));
  }
  return rows;
}
