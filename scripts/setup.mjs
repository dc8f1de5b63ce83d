#!/usr/bin/env node
// @ts-check
/**
 * Makes a checkout ready to use: system packages, npm packages, the C++ addon, the compiled TypeScript. Does only what is
 * missing or out of date, so it may run before everything. `node scripts/setup.mjs [STEP…]` runs some of the steps.
 */
import { Stop, say, stopRunning } from './setup/common.mjs';
import { lock } from './setup/lock.mjs';
import { nativeAddon } from './setup/native.mjs';
import { checkNode } from './setup/node.mjs';
import { npmPackages } from './setup/npm.mjs';
import { systemPackages } from './setup/system.mjs';
import { typescript } from './setup/typescript.mjs';

/** @type {Record<string, () => Promise<void>>} */
const STEPS = { system: systemPackages, npm: npmPackages, native: nativeAddon, typescript };

/** @type {NodeJS.Signals | undefined} */
let interrupted;
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    interrupted = signal;
    stopRunning(signal);
  });
}

try {
  const named = process.argv.slice(2);
  const unknown = named.find((name) => !(name in STEPS));
  if (unknown) throw new Stop(`${unknown}: no such step; expected ${Object.keys(STEPS).join(', ')}.`, 2);
  checkNode();
  await lock();
  for (const [name, step] of Object.entries(STEPS)) {
    if (interrupted) break;
    if (named.length === 0 || named.includes(name)) await step();
  }
} catch (error) {
  process.exitCode = error instanceof Stop ? error.exitCode : 1;
  if (!interrupted) say(error instanceof Stop ? error.message : String(/** @type {Error} */ (error).stack));
}
if (interrupted) {
  say('interrupted; start again to go on where it stopped');
  process.exitCode = interrupted === 'SIGINT' ? 130 : interrupted === 'SIGTERM' ? 143 : 129;
}
process.exit();
