import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SortedIds } from './sorted-ids.js';

describe('SortedIds', () => {
  it('marks each id once, whatever the order of the list and of the questions', () => {
    const ids = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 3 }), { maxLength: 20 });
    fc.assert(
      fc.property(ids, fc.boolean(), ids, (list, sorted, asked) => {
        const subject = new SortedIds(sorted ? [...new Set(list)].sort() : list);
        const marked = new Set<string>();
        for (const id of asked) {
          expect(subject.isMarked(id)).toBe(marked.has(id));
          expect(subject.mark(id)).toBe(list.includes(id) ? !marked.has(id) : undefined);
          if (list.includes(id)) marked.add(id);
        }
        expect(subject.unmarked()).toEqual([...new Set(list)].sort().filter((id) => !marked.has(id)));
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});
