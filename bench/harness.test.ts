import { expect, it } from 'vitest';
import { interleave, median, row } from './harness.js';

it('measures both sides in turns, each first every other round, and throws the warm-up away', async () => {
  const order: string[] = [];
  let n = 0;
  const side = (name: string) => () => {
    order.push(name);
    return n++;
  };
  const sides = await interleave(side('ours'), side('peer'), 3);
  expect(order).toEqual(['peer', 'ours', 'ours', 'peer', 'peer', 'ours', 'ours', 'peer']);
  expect(sides).toEqual({ ours: [2, 5, 6], peer: [3, 4, 7] });
});

it('begins no round after its time, has two at least, and counts the warm-up of very slow sides', async () => {
  const slow = () => new Promise<number>((done) => setTimeout(() => done(1), 20));
  const quick = () => 1;
  expect((await interleave(quick, quick, 4, { seconds: 60 })).ours).toHaveLength(4);
  expect((await interleave(slow, quick, 50, { seconds: 0.2 })).ours.length).toBeLessThan(12);
  const calls: number[] = [];
  const counted = () => calls.push(1);
  expect(await interleave(slow, counted, 5, { seconds: 0.01 })).toEqual({ ours: [1, 1], peer: [1, 2] });
});

it('gives a ratio over 1 where ours is better, whatever the unit', () => {
  const common = { name: 'x', ours: [4, 2, 3], peer: [6, 6, 6], peerName: 'PyTorch' };
  expect(row({ ...common, unit: 'ms', better: 'less' })).toMatchObject({ ours: 3, peer: 6, ratio: 2 });
  expect(row({ ...common, unit: 'images/s', better: 'more' })).toMatchObject({ ratio: 0.5 });
  expect(row({ ...common, unit: 'ms', better: 'less' }).spread).toEqual({ ours: [2, 4], peer: [6, 6] });
  expect(row({ name: 'x', unit: 'ms', better: 'less', ours: [1] })).toMatchObject({ peer: null, ratio: null });
});

it('describes the machine and the versions', () => {
  const { machine, versions } = row({ name: 'x', unit: 'ms', better: 'less', ours: [1] });
  expect(machine.cores).toBeGreaterThan(0);
  expect(machine.memoryGiB).toBeGreaterThan(0);
  expect(versions).toMatchObject({ node: process.version, hilum: expect.stringMatching(/^\d/) });
});

it('takes the middle value', () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(() => median([])).toThrow(RangeError);
});
