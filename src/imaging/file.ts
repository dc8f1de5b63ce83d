import { constants, type FileHandle, open } from 'node:fs/promises';
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
 * Reads a whole regular file of at most `limit` bytes. Opened without blocking, so that a named pipe or a device in a
 * data set's folder is refused instead of waited for. Throws an ImageError that names the file.
 */
export async function readImageFile(path: string, limit: number): Promise<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const { size, ...stat } = await file
      .stat()
      .then((s) => ({ size: s.size, regular: s.isFile(), folder: s.isDirectory() }));
    if (!stat.regular) throw new ImageError(path, stat.folder ? 'a folder' : 'something that is not a regular file');
    if (size === 0) throw new ImageError(path, 'an empty file');
    if (size > limit) throw new ImageError(path, `${size} bytes`, `an image file of at most ${limit} bytes`);
    const bytes = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await file.read(bytes, filled, size - filled, filled);
      if (bytesRead === 0) throw new ImageError(path, `a file that shrank while it was read`);
      filled += bytesRead;
    }
    return bytes;
  } catch (error) {
    if (error instanceof ImageError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new ImageError(path, REASONS[code] ?? `a file that cannot be read (${messageOf(error)})`);
  } finally {
    await file?.close();
  }
}
