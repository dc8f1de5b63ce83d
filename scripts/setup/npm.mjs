// @ts-check
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run, say, since } from './common.mjs';

/**
 * Whether node_modules holds what package-lock.json asks for. npm writes `.package-lock.json` there when it has finished,
 * so an interrupted installation counts as none. What is optional (another platform's binaries) may be missing.
 */
function installed() {
  const path = join(ROOT, 'node_modules/.package-lock.json');
  if (!existsSync(path)) return false;
  const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(path, 'utf8')).packages;
  return (
    Object.entries(wanted).every(([name, { version, optional, devOptional, peer }]) => {
      if (name === '') return true;
      return name in present ? present[name].version === version : Boolean(optional || devOptional || peer);
    }) && Object.keys(present).every((name) => name in wanted)
  );
}

export async function npmPackages() {
  if (installed()) return;
  const from = performance.now();
  say('installing npm packages (npm ci)');
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  await run([...npm, 'ci', '--include=dev', '--no-audit', '--no-fund']);
  say(`npm packages installed (${since(from)})`);
}
