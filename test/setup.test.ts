import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A checkout in name only: the set-up's scripts, a launcher, a package.json. */
function checkout(engines = '>=20.0.0'): string {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-setup-'));
  folders.push(folder);
  for (const part of ['scripts', 'bin']) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', engines: { node: engines } }));
  return folder;
}

function setUp(folder: string, args: string[], env: NodeJS.ProcessEnv = {}) {
  const options = { env: { ...process.env, ...env }, encoding: 'utf8' } as const;
  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'scripts/setup.mjs'), ...args], options);
  return { status, stderr };
}

describe('npm run setup', () => {
  it('refuses a Node.js that is too old, with what it found and what it needs', () => {
    const { status, stderr } = setUp(checkout('^18.1.0 || >=99.0.0'), []);
    expect(stderr).toContain(`found ${process.version}`);
    expect(stderr).toContain('expected ^18.1.0 || >=99.0.0');
    expect(status).toBe(2);
  });

  it('refuses an unknown step, and a HILUM_LIBTORCH that is none', () => {
    expect(setUp(checkout(), ['wrong'])).toMatchObject({ status: 2, stderr: expect.stringContaining('wrong') });
    const { status, stderr } = setUp(checkout(), ['system'], { HILUM_LIBTORCH: '/nowhere' });
    expect(stderr).toContain('HILUM_LIBTORCH: found /nowhere');
    expect(status).toBe(2);
  });

  it('says what to type where it may not install', () => {
    const folder = checkout();
    const tools = join(folder, 'tools');
    mkdirSync(tools);
    for (const name of ['apt-get', 'dpkg-query', 'sudo']) {
      writeFileSync(join(tools, name), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    }
    // Nobody, unless these tests already run as an ordinary user.
    const uid = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
    const options = { env: { PATH: tools }, encoding: 'utf8', ...uid } as const;
    spawnSync('chmod', ['-R', 'a+rX', folder]);
    const { status, stderr } = spawnSync(process.execPath, [join(folder, 'scripts/setup.mjs'), 'system'], options);
    expect(stderr).toContain(
      'apt-get install -y --no-install-recommends cmake g++ make libtorch-dev libopenblas0-openmp',
    );
    expect(status).toBe(2);
  });

  it('hands on the end of what a failed step printed', () => {
    const folder = checkout();
    const npm = join(folder, 'npm.cjs');
    writeFileSync(npm, 'console.error("no such registry"); process.exit(3)');
    const { status, stderr } = setUp(folder, ['npm'], { npm_execpath: npm });
    expect(stderr).toMatch(/no such registry[\s\S]*failed \(exit code 3\)/);
    expect(status).toBe(1);
  });

  it('lets one run at a time, and ends with 130 after Ctrl-C', async () => {
    const folder = checkout();
    const npm = join(folder, 'npm.cjs');
    writeFileSync(
      npm,
      `const fs = require('fs');
       fs.appendFileSync('order', 'begin ');
       process.on('SIGINT', () => { fs.appendFileSync('order', 'stopped '); process.exit(1); });
       setTimeout(() => fs.appendFileSync('order', 'end '), 500);`,
    );
    const start = () => {
      const env = { ...process.env, npm_execpath: npm };
      const child = spawn(process.execPath, [join(folder, 'scripts/setup.mjs'), 'npm'], { env, stdio: 'ignore' });
      return { child, ended: new Promise((done) => child.on('close', done)) };
    };
    const both = [start(), start()];
    expect(await Promise.all(both.map(({ ended }) => ended))).toEqual([0, 0]);
    expect(readFileSync(join(folder, 'order'), 'utf8')).toBe('begin end begin end ');

    const third = start();
    while (readFileSync(join(folder, 'order'), 'utf8').split('begin').length < 4)
      await new Promise((r) => setTimeout(r, 20));
    third.child.kill('SIGINT');
    expect(await third.ended).toBe(130);
    expect(readFileSync(join(folder, 'order'), 'utf8')).toMatch(/stopped $/);
  });
});

it('bin/hilum.js says what to type in a checkout that is not set up', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(checkout(), 'bin/hilum.js')], { encoding: 'utf8' });
  expect(stderr).toContain('npm run setup');
  expect(status).toBe(2);
});
