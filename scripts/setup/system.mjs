// @ts-check
/** The system packages: a compiler, CMake, and (unless HILUM_LIBTORCH names another) Debian's libtorch with an OpenMP BLAS. */
import { execFileSync } from 'node:child_process';
import { run, Stop, say, since, which } from './common.mjs';
import { installedVersions, LIBTORCH_PACKAGES } from './debian.mjs';
import { libtorchFolder } from './libtorch.mjs';

/** Each tool: programs of which one must be on PATH, and the package that brings it. */
const TOOLS = [
  { programs: ['cmake'], package: 'cmake' },
  { programs: ['g++', 'c++', 'clang++'], package: 'g++' },
  { programs: ['ninja', 'make'], package: 'make' },
];

/** How to become root here without a question: nothing, sudo, or not at all. */
function asRoot() {
  if (process.getuid?.() === 0) return [];
  try {
    execFileSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
    return ['sudo', '-n'];
  } catch {
    return undefined;
  }
}

export async function systemPackages() {
  const missingTools = TOOLS.filter((tool) => !tool.programs.some(which)).map((tool) => tool.package);
  const own = libtorchFolder();
  if (!which('apt-get') || !which('dpkg-query')) {
    if (missingTools.length === 0 && own) return;
    const needs = [...missingTools, ...(own ? [] : ['libtorch (set HILUM_LIBTORCH to its folder)'])].join(', ');
    throw new Stop(`This system has no apt-get. Install these by hand, then start again: ${needs}.`, 2);
  }

  const installed = installedVersions(LIBTORCH_PACKAGES);
  const missing = [...missingTools, ...(own ? [] : LIBTORCH_PACKAGES.filter((name) => !installed.has(name)))];
  if (missing.length === 0) return;
  const typed = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  const root = asRoot();
  if (!root) {
    throw new Stop(
      `System packages are missing: ${missing.join(', ')}. They need root, and sudo asks for a password here. Type this, then start again:\n\n  sudo sh -c '${typed}'\n`,
      2,
    );
  }

  const from = performance.now();
  say(`installing system packages: ${missing.join(', ')} (some minutes the first time)`);
  const apt = [...root, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', '-o', 'DPkg::Lock::Timeout=600'];
  const updated = await run([...apt, 'update'], { mayFail: true });
  if (!updated) say('`apt-get update` failed (see build/setup.log); trying with the lists at hand');
  await run([...apt, 'install', '-y', '--no-install-recommends', ...missing]);
  say(`system packages installed (${since(from)})`);
}
