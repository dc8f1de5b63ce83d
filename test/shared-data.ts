import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** The folder with real radiographs beside the checkout (`../shared/data`), or undefined where it is absent. */
export function sharedData(...path: string[]): string | undefined {
  const folder = resolve(import.meta.dirname, '../../shared/data', ...path);
  return existsSync(folder) ? folder : undefined;
}
