/**
 * The table of a cache's images: one line per image, fields parted by tabs, in the journal and in the finished table
 * alike.
 */
import type { SourceStamp } from './stamp.js';

/** One image of a cache, and its file as it was when it was read. */
export interface CacheEntry extends SourceStamp {
  /** The image id that the data set publishes. */
  id: string;
  /** The file, relative to the data set's folder. */
  path: string;
  /** `ready`: its pixels are in `slot`. `unreadable`: left out for `reason`. `absent`: a row without a file. */
  state: 'ready' | 'unreadable' | 'absent';
  slot: number;
  reason: string;
  /** Height and width of the pixels within the square, per size, where they do not fill it (16 bits, `pad`). */
  extents: readonly (readonly [number, number])[];
}

const STATES = ['ready', 'unreadable', 'absent'] as const;
const FIELDS = 8;

export function formatEntry({ id, path, bytes, modified, state, slot, reason, extents }: CacheEntry): string {
  const sizes = extents.map(([height, width]) => `${height}x${width}`).join();
  return `${[escaped(id), escaped(path), bytes, modified, state, slot, escaped(reason), sizes].join('\t')}\n`;
}

/** An entry from its line, without the line's end; undefined where the line is none. */
export function parseEntry(line: string): CacheEntry | undefined {
  const fields = line.split('\t');
  if (fields.length !== FIELDS) return undefined;
  const [id, path, bytes, modified, state, slot, reason, sizes] = fields as [string, ...string[]];
  const entry: CacheEntry = {
    id: plain(id),
    path: plain(path!),
    bytes: Number(bytes),
    modified: Number(modified),
    state: state as CacheEntry['state'],
    slot: Number(slot),
    reason: plain(reason!),
    extents: sizes === '' ? NONE : sizes!.split(',').map((size) => size.split('x').map(Number) as [number, number]),
  };
  const whole = [entry.bytes, entry.modified, entry.slot].every(Number.isSafeInteger);
  return whole && bytes !== '' && slot !== '' && (STATES as readonly string[]).includes(state!) ? entry : undefined;
}

const NONE: CacheEntry['extents'] = [];

/** The entries of some text up to the first line that is none, and how many characters these are. */
export function parseTable(text: string): { entries: CacheEntry[]; parsed: number } {
  const entries: CacheEntry[] = [];
  let at = 0;
  for (;;) {
    const end = text.indexOf('\n', at);
    const entry = end < 0 ? undefined : parseEntry(text.slice(at, end));
    if (!entry) return { entries, parsed: at };
    entries.push(entry);
    at = end + 1;
  }
}

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
const MEANINGS = Object.fromEntries(Object.entries(ESCAPES).map(([character, code]) => [code, character]));

const escaped = (text: string) => (/[\\\t\n\r]/.test(text) ? text.replace(/[\\\t\n\r]/g, (c) => ESCAPES[c]!) : text);
const plain = (text: string) => (text.includes('\\') ? text.replace(/\\./g, (code) => MEANINGS[code] ?? code) : text);
