import { relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { packageRoot } from './package.js';

/**
 * URL of a compiled module beside the one at `base` (its `import.meta.url`). Threads run compiled JavaScript, also when
 * the caller is a TypeScript source that a test runs as it is.
 */
export function compiledUrl(path: string, base: string): URL {
  const target = resolve(fileURLToPath(new URL('.', base)), path);
  const inside = relative(packageRoot(), target);
  return pathToFileURL(inside.startsWith(`dist${sep}`) ? target : resolve(packageRoot(), 'dist', inside));
}
