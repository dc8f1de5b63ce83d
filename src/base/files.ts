import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { inputError, messageOf } from './errors.js';

/** Writes a file so that a reader, or a crash at any moment, sees the old content or the new one, never a part. */
export function writeFileAtomic(path: string, content: string | Uint8Array): void {
  replaceFile(path, () => [typeof content === 'string' ? Buffer.from(content) : content]);
}

/** As `writeFileAtomic`, for content that comes in parts. */
export function replaceFile(path: string, parts: () => Iterable<Uint8Array>): void {
  mkdirSync(dirname(path), { recursive: true });
  const aside = asideOf(path);
  const fd = openSync(aside, 'w');
  try {
    for (const bytes of parts()) {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    }
    fsyncSync(fd);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  renameSync(aside, path);
  syncFolder(dirname(path));
}

/** Writes JSON, indented, atomically. */
export function writeJson(path: string, value: unknown): void {
  writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Reads a JSON file. Throws an InputError that names the file. */
export function readJson<T>(path: string): T {
  return parseJson<T>(path, readText(path));
}

function parseJson<T>(path: string, text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw inputError({ what: path, found: `invalid JSON (${messageOf(error)})`, expected: 'a JSON document' });
  }
}

/** Reads a text file. Throws an InputError that names the file and the reason. */
export function readText(path: string): string {
  return readBytes(path).toString('utf8');
}

/** Reads a file. Throws an InputError that names the file and the reason. */
export function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const found = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a folder' : messageOf(error);
    throw inputError({ what: path, found, expected: 'a readable file', fix: 'Check the path.' });
  }
}

/** A name beside `path` for content on its way there. */
export function asideOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
}

/** Removes what writers that were killed on their way left in a folder. No other process may be writing there; threads of this one may. */
export function removeAsides(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const writer = /^\..*\.(\d+)\.[0-9a-f]{8}\.tmp$/.exec(name)?.[1];
    if (writer !== undefined && Number(writer) !== process.pid) rmSync(join(folder, name), { force: true });
  }
}

/** Makes renames in a folder survive a power cut. */
export function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** SHA-256, hexadecimal, of the content of files, one after the other. */
export async function filesHash(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

/** SHA-256, hexadecimal, of the JSON form of a value with its object keys sorted. */
export function contentHash(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
