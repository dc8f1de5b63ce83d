// @ts-check
import { spawnSync } from 'node:child_process';

/** Packages of which libtorch with a BLAS that uses the same thread pool consists. */
export const LIBTORCH_PACKAGES = ['libtorch-dev', 'libopenblas0-openmp'];

/** The versions of those of the packages that are installed. @param {string[]} names @returns {Map<string, string>} */
export function installedVersions(names) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format language
  const format = '-f=${db:Status-Status} ${Package} ${Version}\n';
  // It exits 1 where one of the names is unknown, and lists the others all the same.
  const listed = spawnSync('dpkg-query', ['-W', format, ...names], { encoding: 'utf8' }).stdout ?? '';
  const lines = listed.split('\n').map((line) => line.split(' '));
  return new Map(
    lines.filter(([status]) => status === 'installed').map(([, name = '', version = '']) => [name, version]),
  );
}
