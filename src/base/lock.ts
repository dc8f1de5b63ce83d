import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import { inputError } from './errors.js';

/**
 * Keeps other processes of this machine from working in the same folder, until the returned function is called or the
 * process ends. `work` says what is done there, for the one that is refused: `running an experiment`. Throws an
 * InputError where the folder is taken, or a file.
 */
export async function lockFolder(folder: string, work: string): Promise<() => void> {
  makeFolder(folder);
  const release = await tryLock(realpathSync(folder));
  if (release) return release;
  const found = `another process ${work} in it`;
  throw inputError({ what: folder, found, expected: 'a folder of its own', fix: 'Wait for it, or give --out.' });
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST' && code !== 'ENOTDIR') throw error;
    throw inputError({
      what: path,
      found: 'a file',
      expected: 'a folder, or a name that is free',
      fix: 'Give another.',
    });
  }
}

/**
 * Takes what `name` stands for, until the returned function is called or the process ends; undefined where another
 * has it. The lock is a socket in Linux's abstract namespace, which the kernel gives up with the process, so none goes
 * stale; other systems have no lock.
 */
export async function tryLock(name: string): Promise<(() => void) | undefined> {
  if (process.platform !== 'linux') return () => {};
  const server = createServer((socket) => socket.destroy());
  const key = createHash('sha256').update(name).digest('hex').slice(0, 40);
  const taken = await new Promise<boolean>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(true) : reject(error),
    );
    server.listen(`\0hilum-folder-${key}`, () => resolve(false));
  });
  if (taken) return undefined;
  server.unref();
  return () => server.close();
}
