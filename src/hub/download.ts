import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, realpath, rename, rm, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { HilumError, inputError, messageOf, syncFolder, tryLock } from '../base/index.js';
import { PATIENCE, type Patience, pause, throwIfAborted } from './request.js';

export interface FetchOptions {
  /** Called as bytes arrive: bytes on disk, of how many. What an earlier attempt left counts as done. */
  onProgress?(done: number, total: number): void;
  /** Aborting it throws Interrupted; the part that has arrived is kept. */
  signal?: AbortSignal;
  patience?: Partial<Patience>;
}

export interface Download {
  /** What to call it in messages. */
  name: string;
  /** Bytes are collected here. The name holds an identity of the content, so that a part goes on with the same file. */
  partial: string;
  /** ... and move here in one step when they are complete and right. */
  target: string;
  /** In bytes. */
  size: number;
  /** SHA-256 in hexadecimal, or its first 8 or more digits. */
  sha256?: string;
  /** Asks for the bytes from `from` on: status 206, or 200 where the server gives ranges to nobody. */
  open(from: number): Promise<Response>;
}

/**
 * Fetches a file, going on where an earlier attempt, killed or cut off, has stopped. Of several processes that want
 * the same file one fetches and the others wait (on Linux; elsewhere each fetches, and writes the same bytes).
 * @throws HilumError where the connection keeps breaking, the disk is full, or the content is not the published one;
 *   that is then removed. Interrupted.
 */
export async function download(job: Download, options: FetchOptions, exists: () => boolean): Promise<void> {
  await mkdir(dirname(job.target), { recursive: true }).catch((error) => {
    throw inputError({
      what: dirname(job.target),
      found: messageOf(error),
      expected: 'a folder to write to',
      fix: 'Set HF_HOME (hub) or TORCH_HOME (URLs) to one.',
    });
  });
  const lock = join(await realpath(dirname(job.partial)), basename(job.partial));
  let release = await tryLock(lock);
  while (!release) {
    await pause(200, options.signal);
    release = await tryLock(lock);
  }
  try {
    if (!exists()) await collect(job, options);
  } finally {
    release();
  }
}

async function collect(job: Download, options: FetchOptions): Promise<void> {
  const { name, partial, target, size, sha256 } = job;
  const file = await open(partial, constants.O_RDWR | constants.O_CREAT);
  try {
    const { hash, at } = await resume(file, size);
    await requireSpace(job, size - at);
    const digest = (await receive(job, options, file, hash, at)).digest('hex');
    if (sha256 && !digest.startsWith(sha256)) {
      await rm(partial, { force: true });
      throw new HilumError(
        `${name}: what arrived has SHA-256 ${digest}; published is ${sha256}${sha256.length < 64 ? '…' : ''}. It was removed; fetch it again, and do not trust this server if that repeats.`,
      );
    }
    await file.sync();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    throw new HilumError(`${name}: the disk of ${dirname(target)} is full. Make room; the same command goes on.`);
  } finally {
    await file.close();
  }
  await rename(partial, target);
  syncFolder(dirname(target));
}

/** The hash over what an earlier attempt left, and how much that is; a part that is too long is emptied. */
async function resume(file: FileHandle, size: number): Promise<{ hash: Hash; at: number }> {
  const hash = createHash('sha256');
  const { size: at } = await file.stat();
  if (at > size) {
    await file.truncate(0);
    return { hash, at: 0 };
  }
  if (at > 0) {
    const left = file.createReadStream({ start: 0, end: at - 1, autoClose: false, highWaterMark: 1 << 20 });
    for await (const bytes of left) hash.update(bytes);
  }
  return { hash, at };
}

async function requireSpace({ target, name }: Download, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(target));
  if (bytes <= bavail * bsize) return;
  throw inputError({
    what: dirname(target),
    found: `${megabytes(bavail * bsize)} free`,
    expected: `${megabytes(bytes)} for ${name}`,
    fix: 'Make room, or set HF_HOME (hub) or TORCH_HOME (URLs) to a folder of another disk.',
  });
}

/** Writes the bytes from `at` on as they arrive, asking again where the connection breaks. Returns the hash over all. */
async function receive(job: Download, options: FetchOptions, file: FileHandle, hash: Hash, at: number): Promise<Hash> {
  const { name, size } = job;
  const { onProgress, signal } = options;
  const patience = { ...PATIENCE, ...options.patience };
  onProgress?.(at, size);
  for (let vain = 0; at < size; ) {
    const before = at;
    try {
      const answer = await job.open(at);
      if (answer.status === 200 && at > 0) {
        at = 0;
        hash = createHash('sha256');
      }
      requireRange(answer, name, at, size);
      for await (const bytes of chunks(answer, patience.silence)) {
        if (at + bytes.length > size)
          throw new HilumError(`${name}: the server sends more than the ${size} bytes it said`);
        await write(file, bytes, at);
        hash.update(bytes);
        at += bytes.length;
        onProgress?.(at, size);
      }
      if (at < size) throw new Error('the connection was closed');
    } catch (error) {
      throwIfAborted(signal);
      if (error instanceof HilumError || isFileError(error)) throw error;
      vain = at > before ? 1 : vain + 1;
      if (vain >= patience.attempts) {
        const reason = messageOf((error as Error).cause ?? error);
        throw new HilumError(
          `${name}: the connection broke ${vain} times after ${megabytes(at)} of ${megabytes(size)} (${reason}). That part is kept; the same command goes on.`,
        );
      }
      await pause(Math.min(patience.pause * 2 ** (vain - 1), patience.longestPause), signal);
    }
  }
  return hash;
}

function requireRange(answer: Response, name: string, at: number, size: number): void {
  if (answer.status === 200) return;
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.headers.get('content-range') ?? '');
  if (range && Number(range[1]) === at && Number(range[2]) === size) return;
  const said = answer.headers.get('content-range') ?? 'nothing';
  throw new HilumError(
    `${name}: asked for the bytes from ${at} on, of ${size}; the server says of its answer: ${said}`,
  );
}

/** The body of an answer; throws where nothing arrives for `silence` ms. */
async function* chunks(answer: Response, silence: number): AsyncGenerator<Uint8Array> {
  if (!answer.body) return;
  const reader = answer.body.getReader();
  try {
    for (;;) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`nothing arrived for ${silence / 1000} s`)), silence);
      });
      const { value, done } = await Promise.race([reader.read(), late]).finally(() => clearTimeout(timer));
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function write(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}

function isFileError(error: unknown): boolean {
  return ['ENOSPC', 'EIO', 'EDQUOT', 'EFBIG', 'EROFS', 'ESTALE'].includes((error as NodeJS.ErrnoException).code ?? '');
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
