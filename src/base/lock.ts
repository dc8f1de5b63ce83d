import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import { inputError } from './errors.js';

/**
 * Keeps other processes of this machine from working in the same folder, until the returned function is called or the
 * process ends. `work` says what is done there, for the one that is refused: `running an experiment`. The lock is a socket in Linux's abstract namespace, which the kernel gives up with the
 * process, so none goes stale; other systems have no lock. Throws an InputError where the folder is taken.
 */
export async function lockFolder(folder: string, work: string): Promise<() => void> {
  mkdirSync(folder, { recursive: true });
  if (process.platform !== 'linux') return () => {};
  const server = createServer((socket) => socket.destroy());
  const name = createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 40);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error);
      const found = `another process ${work} in it`;
      reject(inputError({ what: folder, found, expected: 'a folder of its own', fix: 'Wait for it, or give --out.' }));
    });
    server.listen(`\0hilum-folder-${name}`, resolve);
  });
  server.unref();
  return () => server.close();
}
