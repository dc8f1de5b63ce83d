import { closeSync, existsSync, fdatasync, ftruncateSync, openSync, readFileSync, rmSync, write } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { syncFolder } from '../../base/index.js';
import type { CacheSettings, CacheSource } from './settings.js';
import { type CacheEntry, formatEntry, parseTable } from './table.js';

const FILE = 'journal.tsv';

/** What a journal begins with: whose images they are, and what they go through. */
export interface JournalHeader {
  source: CacheSource;
  settings: CacheSettings;
  shardBytes: number;
}

/** What stands in the journal of a pass that did not end; undefined where there is none, or nothing that can be read. */
export function readJournal(
  folder: string,
): { header: JournalHeader; entries: CacheEntry[]; bytes: number } | undefined {
  const path = join(folder, FILE);
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, 'utf8');
  const end = text.indexOf('\n');
  try {
    const header = JSON.parse(text.slice(0, Math.max(end, 0))) as JournalHeader;
    // The last line may be half written, or lost in a power cut with all that follows it.
    const { entries, parsed } = parseTable(text.slice(end + 1));
    return { header, entries, bytes: Buffer.byteLength(text.slice(0, end + 1 + parsed)) };
  } catch {
    return undefined;
  }
}

export function removeJournal(folder: string): void {
  rmSync(join(folder, FILE), { force: true });
  syncFolder(folder);
}

const writeAt = promisify(write);
const sync = promisify(fdatasync);
const MOST_WAITING = 512;
const LONGEST_WAIT_MS = 1000;

/**
 * The images that are done. An entry is written when the image's pixels are on disk, many at a time, since bringing
 * data to disk takes as long for one image as for hundreds.
 */
export class Journal {
  readonly #fd: number;
  #header: string;
  #position: number;
  #waiting: CacheEntry[] = [];
  #flushed = performance.now();
  #flushing: Promise<void> = Promise.resolve();
  #busy = false;

  /** Goes on after the first `keep` bytes of the journal that is there, or begins a new one. */
  constructor(
    folder: string,
    header: JournalHeader,
    keep: number,
    private readonly syncPixels: () => Promise<void>,
  ) {
    this.#fd = openSync(join(folder, FILE), keep > 0 ? 'r+' : 'w');
    ftruncateSync(this.#fd, keep);
    this.#position = keep;
    this.#header = keep > 0 ? '' : `${JSON.stringify(header)}\n`;
    syncFolder(folder);
  }

  /** Takes an image whose pixels are written; resolves at once, or when a flush that is due is done. */
  async add(entry: CacheEntry): Promise<void> {
    this.#waiting.push(entry);
    const due = this.#waiting.length >= MOST_WAITING || performance.now() - this.#flushed >= LONGEST_WAIT_MS;
    if (due && !this.#busy) await this.flush();
  }

  /** Brings to disk the pixels and the entries of all images taken so far. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#flush());
    return this.#flushing;
  }

  async #flush(): Promise<void> {
    this.#busy = true;
    try {
      const entries = this.#waiting;
      this.#waiting = [];
      await this.syncPixels();
      const bytes = Buffer.from(this.#header + entries.map(formatEntry).join(''));
      for (let at = 0; at < bytes.length; ) {
        at += (await writeAt(this.#fd, bytes, at, bytes.length - at, this.#position + at)).bytesWritten;
      }
      await sync(this.#fd);
      this.#header = '';
      this.#position += bytes.length;
      this.#flushed = performance.now();
    } finally {
      this.#busy = false;
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}
