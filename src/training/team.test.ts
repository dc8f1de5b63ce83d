import { afterAll, describe, expect, it } from 'vitest';
import { compiledUrl, InputError } from '../base/index.js';
import { full, scope, setThreads, shareTensor, takeTensor, threads } from '../torch/index.js';
import { Team } from './team.js';

describe('a team', () => {
  const module = compiledUrl('./fixtures/team-member-of-tests.js', import.meta.url).href;
  const team = new Team<number, { product: number; threads: number }>(module, (member) => 10 ** (member + 1), 3);
  afterAll(() => team.close());
  const values = (numbers: number[]) => numbers.map((number) => full([], number, 'float32'));

  it('computes on the memory it is given, each with one thread, in the order of its members, again and again', () => {
    setThreads(2);
    scope(() => {
      for (const numbers of [[1, 2, 3], [4, 5], [], [6, 7, 8]]) {
        const given = values(numbers);
        const { own, replies } = team.together(given.map(shareTensor), () => 'own');
        expect(own).toBe('own');
        const products = numbers.map((number, i) => number * 10 ** (i + 1));
        expect(replies.map(({ product }) => takeTensor(product).item())).toEqual(products);
        expect(given.map((value) => value.item())).toEqual(products);
        expect(replies.map((reply) => reply.threads)).toEqual(numbers.map(() => 1));
      }
    });
    expect(threads()).toBe(2);
    setThreads(1);
  });

  it("hands on a member's error as it is, and its own, and goes on after both", () => {
    scope(() => {
      const ask = (numbers: number[], own: () => void = () => {}) =>
        team.together(values(numbers).map(shareTensor), own);
      const call = () => ask([1, -2, 3]);
      expect(call).toThrow(InputError);
      expect(call).toThrow('value: found -2; expected at least 0');
      const failing = () =>
        ask([1, 2, 3], () => {
          throw new RangeError('own');
        });
      expect(failing).toThrow('own');
      expect(ask([1, 2, 3]).replies.map(({ product }) => takeTensor(product).item())).toEqual([10, 200, 3000]);
    });
  });
});

it('a shared tensor is taken once, and lives on without the one that was shared', () => {
  const tensor = full([2], 3, 'float32');
  const ticket = shareTensor(tensor);
  tensor.free();
  scope(() => {
    expect(takeTensor(ticket).sum().item()).toBe(6);
    expect(() => takeTensor(ticket)).toThrow('no tensor waits under this ticket');
  });
});
