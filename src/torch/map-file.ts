import { constants } from 'node:buffer';
import { inputError, messageOf } from '../base/index.js';
import { native } from './binding.js';

/**
 * The first `bytes` bytes of a file, mapped into memory: pages are read when they are touched, shared with other
 * processes, and given back by the system as it likes. A write stays in this process and never reaches the file, but
 * whoever cuts the file off while it is mapped kills its readers. The map is taken down with the ArrayBuffer, which can
 * be handed to no other thread (map it there again). Throws an InputError that names the file: missing, shorter than
 * `bytes`, or over what one ArrayBuffer holds (4 GiB in Node.js 20).
 */
export function mapFile(path: string, bytes: number): ArrayBuffer {
  if (!Number.isInteger(bytes) || bytes < 1) throw new RangeError(`mapFile: ${bytes} bytes is no positive integer`);
  const refuse = (found: string, expected: string) => inputError({ what: path, found, expected });
  if (bytes > constants.MAX_LENGTH) throw refuse(`${bytes} bytes to map`, `at most ${constants.MAX_LENGTH}`);
  try {
    return native().mapFile(path, bytes);
  } catch (error) {
    throw refuse(messageOf(error).replace(`${path}: `, ''), `a file of at least ${bytes} bytes`);
  }
}
