import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Scheduler } from './scheduler.js';

const tick = () => new Promise((done) => setTimeout(done, 0));

describe('the scheduler', () => {
  it('starts work in the order it came, and never uses more cores than there are', async () => {
    const jobs = fc.array(
      fc.record({ threads: fc.integer({ min: 1, max: 6 }), ticks: fc.nat(3), fails: fc.boolean() }),
      {
        maxLength: 12,
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), jobs, async (cores, list) => {
        const scheduler = new Scheduler(cores);
        const started: number[] = [];
        let used = 0;
        const results = await Promise.allSettled(
          list.map(({ threads, ticks, fails }, i) =>
            scheduler.run({ threads }, async () => {
              started.push(i);
              used += Math.min(threads, cores);
              expect(used).toBeLessThanOrEqual(cores);
              for (let t = 0; t < ticks; t++) await tick();
              used -= Math.min(threads, cores);
              if (fails) throw new Error(`job ${i}`);
              return i;
            }),
          ),
        );
        expect(started).toEqual(list.map((_, i) => i));
        expect(used).toBe(0);
        for (const [i, { fails }] of list.entries()) {
          expect(results[i]).toMatchObject(fails ? { reason: { message: `job ${i}` } } : { value: i });
        }
      }),
      { numRuns: 50 },
    );
  });

  it('runs side by side what fits', async () => {
    const scheduler = new Scheduler(2);
    const running: string[] = [];
    let release = () => {};
    const held = new Promise<void>((done) => (release = done));
    const work = (name: string) => async () => {
      running.push(name);
      await held;
    };
    const all = [
      scheduler.run({ threads: 1 }, work('a')),
      scheduler.run({ threads: 1 }, work('b')),
      scheduler.run({ threads: 1 }, work('c')),
    ];
    await tick();
    expect(running).toEqual(['a', 'b']);
    release();
    await Promise.all(all);
    expect(running).toEqual(['a', 'b', 'c']);
  });

  it('gives spare cores only where nobody waits, and takes them back once', async () => {
    const scheduler = new Scheduler(4);
    const hold = () => {
      let release = () => {};
      const held = new Promise<void>((done) => (release = done));
      return { held, release };
    };
    const one = hold();
    const first = scheduler.run({ threads: 1 }, () => one.held);
    const two = scheduler.takeSpare(2);
    const rest = scheduler.takeSpare(Number.POSITIVE_INFINITY);
    expect([two.count, rest.count, scheduler.takeSpare(1).count]).toEqual([2, 1, 0]);
    rest.giveBack();
    rest.giveBack();
    let started = false;
    const second = scheduler.run({ threads: 2 }, async () => {
      started = true;
    });
    await tick();
    expect([started, scheduler.takeSpare(1).count]).toEqual([false, 0]);
    two.giveBack();
    await second;
    expect(started).toBe(true);
    one.release();
    await first;
    expect(scheduler.takeSpare(9).count).toBe(4);
  });
});
