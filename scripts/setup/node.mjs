// @ts-check
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, Stop } from './common.mjs';

/** @param {string} version */
const numbers = (version) => version.replace(/^v/, '').split('.').map(Number);

/**
 * Whether a version lies in a range as package.json writes it: `^1.2.3` and `>=1.2.3`, alternatives divided by `||`.
 * @param {string} version
 * @param {string} range
 */
export function satisfies(version, range) {
  const [major = 0, minor = 0, patch = 0] = numbers(version);
  return range.split('||').some((part) => {
    const [, sign, wanted = ''] = /^(\^|>=)\s*([\d.]+)$/.exec(part.trim()) ?? [];
    if (!sign)
      throw new Error(`package.json: engines.node: "${part.trim()}" is not understood; write ^1.2.3 or >=1.2.3`);
    const [a = 0, b = 0, c = 0] = numbers(wanted);
    if (sign === '^' && major !== a) return false;
    return major !== a ? major > a : minor !== b ? minor > b : patch >= c;
  });
}

/** Stops where this Node.js is not one that package.json allows. */
export function checkNode() {
  const range = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).engines.node;
  if (satisfies(process.version, range)) return;
  throw new Stop(
    `Node.js: found ${process.version} (${process.execPath}); expected ${range}. Install a newer one, for example from https://nodejs.org or with your version manager.`,
    2,
  );
}
