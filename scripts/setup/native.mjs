// @ts-check
/** Builds the addon: native/ -> build/native/Release/hilum.node. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { filesBelow, hashOf, ROOT, readStamp, run, say, since, writeStamp } from './common.mjs';
import { libtorchIdentity } from './libtorch.mjs';

const OUT = join(ROOT, 'build/native');
export const ADDON = join(OUT, 'Release/hilum.node');

/** @param {string} name */
const versionOf = (name) => JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version;

export async function nativeAddon() {
  const { CXX = '', CXXFLAGS = '', LDFLAGS = '' } = process.env;
  const tools = [versionOf('cmake-js'), versionOf('node-api-headers'), process.arch, CXX, CXXFLAGS, LDFLAGS];
  const configuration = hashOf([ROOT, libtorchIdentity(), tools]);
  const stamp = hashOf([configuration], filesBelow('native', ['.cc', '.h', '.cpp', '.cu', '.txt', '.cmake', '.json']));
  if (existsSync(ADDON) && readStamp(join(OUT, '.stamp')) === stamp) return;

  const from = performance.now();
  // CMake remembers which libtorch and compiler it found: another one means starting over.
  if (readStamp(join(OUT, '.configuration')) !== configuration) rmSync(OUT, { recursive: true, force: true });
  say(`building the C++ addon against ${libtorchIdentity().split('\n')[0]}`);
  const cmake = [process.execPath, join(ROOT, 'node_modules/cmake-js/bin/cmake-js'), 'compile'];
  await run([
    ...cmake,
    '--directory',
    join(ROOT, 'native'),
    '--out',
    OUT,
    '--parallel',
    String(availableParallelism()),
  ]);
  writeStamp(join(OUT, '.configuration'), configuration);
  writeStamp(join(OUT, '.stamp'), stamp);
  say(`addon built (${since(from)})`);
}
