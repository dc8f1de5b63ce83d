// @ts-check
/** Type-checks and compiles src/, cli/, bench/ and test/ into dist/. */
import { existsSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { filesBelow, hashOf, ROOT, readStamp, run, say, since, writeStamp } from './common.mjs';

const FOLDERS = ['src', 'cli', 'bench', 'test'];

export async function typescript() {
  const configuration = ['tsconfig.json', 'package-lock.json'].map((name) => join(ROOT, name));
  const sources = FOLDERS.flatMap((folder) => filesBelow(folder, ['.ts', '.tsx', '.json']));
  const stamp = hashOf([], [...configuration, ...sources]);
  const path = join(ROOT, 'dist/.stamp');
  if (readStamp(path) === stamp) return;

  const from = performance.now();
  say('compiling TypeScript');
  for (const folder of FOLDERS) removeOrphans(folder);
  await run([process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', ROOT]);
  writeStamp(path, stamp);
  say(`TypeScript compiled (${since(from)})`);
}

/** Removes what was compiled from a source that is gone. @param {string} folder */
function removeOrphans(folder) {
  for (const path of filesBelow(join('dist', folder), ['.js', '.js.map', '.d.ts'])) {
    const source = relative(join(ROOT, 'dist'), path).replace(/(\.js|\.js\.map|\.d\.ts)$/, '.ts');
    if (!existsSync(join(ROOT, source))) rmSync(path);
  }
}
