// @ts-check
import { connect, createServer } from 'node:net';
import { hashOf, ROOT, say } from './common.mjs';

/**
 * Waits until no other set-up of this checkout runs, and keeps others waiting until this process ends. The lock is a
 * socket in Linux's abstract namespace: the kernel gives it up with the process, however that ends, so none goes stale.
 */
export async function lock() {
  if (process.platform !== 'linux') return;
  const address = `\0hilum-setup-${hashOf([ROOT]).slice(0, 32)}`;
  for (let told = false; !(await listen(address)); told = true) {
    if (!told) say('another set-up of this checkout is running; waiting for it');
    await ended(address);
  }
}

/** @param {string} address @returns {Promise<boolean>} false where another process has it */
function listen(address) {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  return new Promise((done, fail) => {
    server.on('error', (error) => {
      if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EADDRINUSE') done(false);
      else fail(error);
    });
    server.listen(address, () => done(true));
    server.unref();
  });
}

/** Resolves when the process that holds the address ends. @param {string} address @returns {Promise<void>} */
function ended(address) {
  return new Promise((done) => {
    connect(address)
      .on('error', () => {})
      .on('close', () => done())
      .resume();
  });
}
