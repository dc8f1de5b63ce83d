import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lockFolder } from './lock.js';

it.runIf(process.platform === 'linux')('gives a folder to one at a time, and to the next afterwards', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-lock-'));
  try {
    const unlock = await lockFolder(folder, 'running an experiment');
    await expect(lockFolder(folder, 'running an experiment')).rejects.toThrow(
      `${folder}: found another process running an experiment in it`,
    );
    (await lockFolder(join(folder, 'other'), 'running an experiment'))();
    unlock();
    (await lockFolder(folder, 'running an experiment'))();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
