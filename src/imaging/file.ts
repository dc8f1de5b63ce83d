import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { messageOf } from '../base/index.js';
import { ImageError } from './image.js';

const REASONS: Record<string, string> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'a file that may not be read (permission denied)',
  EISDIR: 'a folder',
  ELOOP: 'a symbolic link that points to itself',
};

/**
 * Reads a whole regular file of at most `limit` bytes, into the memory that `room` gives for its size (new memory unless
 * said). Opened without blocking, so that a named pipe or a device in a data set's folder is refused instead of waited
 * for. Throws an ImageError that names the file.
 */
export function readImageFile(
  path: string,
  limit: number,
  room: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes),
): Uint8Array {
  return withRegularFile(path, (fd, size) => {
    if (size > limit) throw new ImageError(path, `${size} bytes`, `an image file of at most ${limit} bytes`);
    const bytes = room(size);
    fill(path, fd, bytes, size);
    return bytes;
  });
}

/**
 * Reads a stretch of a regular file, into the memory that `room` gives for its size. Throws an ImageError that calls it
 * `name`, also where the file ends before.
 */
export function readStretch(
  { path, offset, length, name }: { path: string; offset: number; length: number; name: string },
  room: (bytes: number) => Uint8Array,
): Uint8Array {
  return withRegularFile(
    path,
    (fd, size) => {
      if (!(offset >= 0 && length > 0 && offset + length <= size)) {
        throw new ImageError(name, `bytes ${offset} to ${offset + length} in a file of ${size}: it has changed`);
      }
      const bytes = room(length);
      fill(name, fd, bytes, length, offset);
      return bytes;
    },
    name,
  );
}

/** The first `length` bytes of a regular file, or all where it has no more. Throws an ImageError that names the file. */
export function readBeginning(path: string, length: number): Uint8Array {
  return withRegularFile(path, (fd, size) => {
    const bytes = new Uint8Array(Math.min(length, size));
    fill(path, fd, bytes, bytes.length);
    return bytes;
  });
}

/** `name` is what errors call the image. */
function withRegularFile<T>(path: string, use: (fd: number, size: number) => T, name = path): T {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stat = fstatSync(fd);
    if (!stat.isFile())
      throw new ImageError(name, stat.isDirectory() ? 'a folder' : 'something that is not a regular file');
    if (stat.size === 0) throw new ImageError(name, 'an empty file');
    return use(fd, stat.size);
  } catch (error) {
    if (error instanceof ImageError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new ImageError(name, REASONS[code] ?? `a file that cannot be read (${messageOf(error)})`);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function fill(name: string, fd: number, bytes: Uint8Array, size: number, from = 0): void {
  for (let filled = 0; filled < size; ) {
    const count = readSync(fd, bytes, filled, size - filled, from + filled);
    if (count === 0) throw new ImageError(name, `a file that shrank while it was read`);
    filled += count;
  }
}
