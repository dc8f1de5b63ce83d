// @ts-check
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Stop } from './common.mjs';
import { installedVersions, LIBTORCH_PACKAGES } from './debian.mjs';

/** The libtorch that HILUM_LIBTORCH names, or undefined for Debian's. Stops where the folder is none. */
export function libtorchFolder() {
  const named = process.env.HILUM_LIBTORCH;
  if (!named) return undefined;
  const folder = resolve(named);
  if (existsSync(join(folder, 'share/cmake/Torch/TorchConfig.cmake'))) return folder;
  throw new Stop(
    `HILUM_LIBTORCH: found ${named}, without share/cmake/Torch/TorchConfig.cmake; expected the unpacked libtorch download, or the folder of a Python torch (python3 -c 'import torch; print(torch.__path__[0])'). Correct it, or unset it to use Debian's libtorch-dev.`,
    2,
  );
}

/** Names the libtorch to build against; the text changes when that libtorch does. */
export function libtorchIdentity() {
  const folder = libtorchFolder();
  if (!folder) return [...installedVersions(LIBTORCH_PACKAGES)].map((pair) => pair.join(' ')).join(', ');
  // The download says it in build-version, a Python torch in version.py as `__version__ = '2.6.0'`.
  const path = ['build-version', 'version.py'].map((name) => join(folder, name)).find((file) => existsSync(file));
  const text = path ? readFileSync(path, 'utf8') : '';
  return `${folder} ${/^__version__ = ['"]([^'"]+)/m.exec(text)?.[1] ?? text.split('\n')[0]}`.trim();
}
