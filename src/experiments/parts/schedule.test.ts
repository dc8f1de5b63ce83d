import fc from 'fast-check';
import { expect, it } from 'vitest';
import { schedule } from './schedule.js';

const tasks = fc
  .array(
    fc.record({
      threads: fc.integer({ min: 1, max: 6 }),
      memory: fc.nat(9),
      seconds: fc.nat(20),
      needs: fc.array(fc.nat(9)),
    }),
    { maxLength: 10 },
  )
  .map((list) =>
    list.map(({ threads, memory, seconds, needs }, i) => ({
      id: `${i}`,
      needs: [...new Set(needs.filter((need) => need < i).map(String)), 'finished before'],
      demand: { threads, memory },
      seconds,
    })),
  );

it('a schedule keeps within cores and memory, starts nothing before its needs, and ends no later than one after the other', () => {
  fc.assert(
    fc.property(tasks, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 8 }), (list, cores, memory) => {
      const { seconds, starts } = schedule(list, { threads: cores, memory });
      expect(starts.size).toBe(list.length);
      const endOf = (id: string) => (starts.get(id) ?? 0) + (list.find((task) => task.id === id)?.seconds ?? 0);
      for (const { id, needs } of list) {
        for (const need of needs) expect(starts.get(id)).toBeGreaterThanOrEqual(endOf(need));
      }
      for (const at of starts.values()) {
        const busy = list.filter(({ id, seconds }) => starts.get(id)! <= at && at < starts.get(id)! + seconds);
        const sum = (of: (task: (typeof list)[number]) => number) => busy.reduce((total, task) => total + of(task), 0);
        expect(sum(({ demand }) => Math.min(demand.threads, cores))).toBeLessThanOrEqual(cores);
        expect(sum(({ demand }) => Math.min(demand.memory, memory))).toBeLessThanOrEqual(memory);
      }
      expect(seconds).toBe(Math.max(0, ...list.map(({ id }) => endOf(id))));
      expect(seconds).toBeLessThanOrEqual(list.reduce((total, task) => total + task.seconds, 0));
    }),
  );
});

it('two cores halve what does not depend on each other', () => {
  const four = Array.from({ length: 4 }, (_, i) => ({ id: `${i}`, needs: [], demand: { threads: 1 }, seconds: 10 }));
  expect(schedule(four, { threads: 2 }).seconds).toBe(20);
  expect(
    schedule([...four, { id: 'last', needs: ['3'], demand: { threads: 2 }, seconds: 5 }], { threads: 2 }).seconds,
  ).toBe(25);
});
