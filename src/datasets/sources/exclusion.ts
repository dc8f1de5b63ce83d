import { resolve, sep } from 'node:path';
import { inputError } from '../../base/index.js';
import { readTable, rowName } from '../table.js';

/** Columns of a list of pictures to leave out, as `hilum data dedup` writes it; more may follow. */
export const EXCLUSION_COLUMNS = ['source', 'id', 'action'] as const;
const ACTIONS = ['keep', 'drop', 'reference'];

/**
 * Names for sources that tell them apart, as short as possible: the last parts of their paths. Throws an InputError where two are
 * the same.
 */
export function sourceNames(sources: readonly string[]): string[] {
  const paths = sources.map((source) => partsOf(source));
  return paths.map((parts, i) => {
    const others = paths.filter((_, j) => j !== i);
    for (let length = 1; length <= parts.length; length++) {
      const name = parts.slice(-length);
      if (!others.some((other) => endsWith(other, name))) return name.join('/');
    }
    throw inputError({ what: 'sources', found: `${sources[i]} twice`, expected: 'each source once' });
  });
}

/** The ids that lists drop from a source. Throws an InputError for a table that is no such list. */
export function excludedIds(lists: readonly string[], source: string): Set<string> {
  const path = partsOf(source);
  const ids = new Set<string>();
  const known = new Map<string, boolean>();
  for (const list of lists) {
    for (const [index, row] of readTable(list, EXCLUSION_COLUMNS)) {
      if (!ACTIONS.includes(row.action)) {
        const expected = ACTIONS.join(', ');
        throw inputError({ what: `${rowName(list, index)}: action`, found: `"${row.action}"`, expected });
      }
      let own = known.get(row.source);
      if (own === undefined) {
        own = endsWith(path, row.source.split('/'));
        known.set(row.source, own);
      }
      if (own && row.action === 'drop') ids.add(row.id);
    }
  }
  return ids;
}

const partsOf = (source: string) => resolve(source).split(sep).slice(1);

function endsWith(path: readonly string[], end: readonly string[]): boolean {
  return end.length <= path.length && end.every((part, i) => path[path.length - end.length + i] === part);
}
