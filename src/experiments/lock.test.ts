import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lockFolder } from './lock.js';

it.runIf(process.platform === 'linux')('gives a folder to one at a time, and to the next afterwards', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-lock-'));
  try {
    const unlock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toThrow(`${folder}: found another process running an experiment in it`);
    (await lockFolder(join(folder, 'other')))();
    unlock();
    (await lockFolder(folder))();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
