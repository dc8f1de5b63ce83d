import { replaceFile } from '../../base/index.js';
import { EXCLUSION_COLUMNS } from '../../datasets/index.js';
import type { DedupResult } from './deduplicate.js';

const COLUMNS = ['group', ...EXCLUSION_COLUMNS, 'distance', 'identical', 'width', 'height', 'phash'];
const GROUPS_AT_ONCE = 1000;

/**
 * Writes the groups as a table, one row per picture, atomically: what `openPictureSource` takes as `exclude`. `action` is `keep` or
 * `drop`, of a test set `reference`; `distance` is in bits, from the group's first.
 */
export function writeDuplicateList(path: string, result: DedupResult): void {
  replaceFile(path, function* () {
    yield Buffer.from(`${COLUMNS.join()}\n`);
    for (let from = 0; from < result.groups; from += GROUPS_AT_ONCE) {
      const to = Math.min(result.groups, from + GROUPS_AT_ONCE);
      let text = '';
      for (let group = from; group < to; group++) text += rowsOf(result, group);
      yield Buffer.from(text);
    }
  });
}

function rowsOf(result: DedupResult, group: number): string {
  const rows = result.group(group).map(({ source, id, action, distance, identical, width, height, hash }) => {
    return [group + 1, source, id, action, distance, identical ? 'yes' : 'no', width, height, hash].map(field).join();
  });
  return `${rows.join('\n')}\n`;
}

/** RFC 4180. */
function field(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
