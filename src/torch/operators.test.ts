import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { expectClose } from '../../test/reference.js';
import type { Native } from './binding.js';
import type { Tensor } from './tensor.js';

const { native: load } = await vi.importActual<{ native: () => Native }>('./binding.js');
const native = load();
const FUSED = 'aten::scaled_dot_product_attention';

/** src/torch on a libtorch that lacks some operators, and has others that this one may lack. */
async function torchWith(lacking: string[], own: Record<string, (...args: number[]) => number> = {}) {
  vi.resetModules();
  const numbers = Object.keys(own);
  vi.doMock('./binding.js', () => ({
    native: () => ({
      ...native,
      findOperator: (name: string, overload: string) => {
        if (numbers.includes(name)) return 1e6 + numbers.indexOf(name);
        return lacking.includes(name) ? -1 : native.findOperator(name, overload);
      },
      call: (number: number, ...args: unknown[]) =>
        number >= 1e6 ? own[numbers[number - 1e6]!]!(...(args as number[])) : native.call(number, ...args),
    }),
  }));
  return { ...(await import('./index.js')), ...(await import('./functional.js')) };
}
afterEach(() => {
  vi.doUnmock('./binding.js');
  vi.resetModules();
});

describe('on a libtorch without an operator', () => {
  it('all else works, and calling it names it', async () => {
    const torch = await torchWith(['aten::_upsample_bicubic2d_aa', 'aten::_foreach_norm', 'aten::from_file']);
    torch.scope(() => {
      const image = torch.randn([1, 1, 4, 4], 'float32');
      expect([...image.upsampleBicubic2d([8, 8], false).shape]).toEqual([1, 1, 8, 8]);
      expect(() => image.upsampleBicubic2dAntialias([2, 2], false)).toThrow(
        'this libtorch has no operator aten::_upsample_bicubic2d_aa',
      );
    });
  });

  it('attention is composed where it is not fused, and fused where it is', async () => {
    const calls: number[][] = [];
    const composed = await torchWith([FUSED]);
    composed.manualSeed(1);
    const shape = [2, 3, 5, 4];
    const [q, k, v] = [0, 1, 2].map(() => composed.randn(shape, 'float32')) as [Tensor, Tensor, Tensor];
    const ours = composed.scaledDotProductAttention(q, k, v);
    const scores = q.matmul(k.transpose(-2, -1)).div(2).softmax(-1);
    expectClose('composed', ours, scores.matmul(v), 1e-6);

    const fused = await torchWith([], {
      [FUSED]: (...handles) => {
        calls.push(handles);
        return native.call(native.findOperator('aten::clone', ''), handles[2]) as number;
      },
    });
    const result = fused.scaledDotProductAttention(q, k, v);
    expect(calls).toEqual([[q.handle, k.handle, v.handle]]);
    expectClose('what the fused operator gave', result, v, 0);
  });

  it('the fused attention of this libtorch, where it has one, gives the numbers of the composed', async () => {
    const [here, composed] = [await torchWith([]), await torchWith([FUSED])];
    here.manualSeed(2);
    const [q, k, v] = [0, 1, 2].map(() => here.randn([2, 3, 17, 8], 'float32')) as [Tensor, Tensor, Tensor];
    expectClose('attention', here.scaledDotProductAttention(q, k, v), composed.scaledDotProductAttention(q, k, v));
  });
});

/** Names of a schema's arguments, in order. */
function argumentsOf(schema: string): string[] {
  const list = schema.slice(schema.indexOf('(') + 1, schema.lastIndexOf(') ->'));
  const names = list.split(/, (?=[A-Z*]|int|float|bool|str)/).filter((argument) => argument !== '*');
  return names.map((argument) => / (\w+)(=|$)/.exec(argument)?.[1] ?? argument);
}

describe('the generated operators', () => {
  const source = readFileSync(join(import.meta.dirname, 'tensor.ts'), 'utf8');
  const schemas = [...source.matchAll(/^ *(?:\/\*\*|\*) (aten::(\w+)\.?(\w*)\(.*\) -> .*?)(?: \*\/)?$/gm)];
  const listed = readFileSync(join(import.meta.dirname, '../../scripts/operators.txt'), 'utf8').match(/^aten::\S+/gm)!;

  it('are those of the list', () => {
    const generated = schemas.map(([, , name, overload]) => `aten::${name}${overload ? `.${overload}` : ''}`);
    expect(generated.sort()).toEqual([...listed].sort());
  });

  // Arguments are passed by position: a libtorch that inserts one before the end would take one for another.
  it('find the same arguments, at least to begin with, in this libtorch', () => {
    const differing = schemas.filter(([, schema, name, overload]) => {
      const number = native.findOperator(`aten::${name}`, overload!);
      const expected = argumentsOf(schema!).join();
      return number < 0 || !`${argumentsOf(native.schema(number)).join()},`.startsWith(`${expected},`);
    });
    expect(differing.map(([, schema]) => schema)).toEqual([]);
  });
});
