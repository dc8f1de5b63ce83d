/** What Slurm's programs say is read as their manuals have it; the programs themselves are in test/slurm.test.ts. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { isAlive, readQueue, requireSlurm, sbatch, scancel } from './client.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hilum-client-'));
  vi.stubEnv('PATH', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** A program that says what Slurm's says. */
function says(program: string, out: string, { err = '', code = 0 } = {}): void {
  const text = `#!/bin/bash\nprintf '%b' ${JSON.stringify(out)}\nprintf '%b' ${JSON.stringify(err)} >&2\nexit ${code}\n`;
  writeFileSync(join(folder, program), text);
  chmodSync(join(folder, program), 0o755);
}

it('without the programs it says where to go', async () => {
  await expect(requireSlurm()).rejects.toThrow(/sbatch: found no such program on the PATH.*login node/);
});

it('the id of a job is read on a federation too; a refusal keeps the words of sbatch', async () => {
  says('sbatch', '1234;cluster-a\n');
  expect(await sbatch([], 'x.sh')).toBe('1234');
  says('sbatch', '', { err: 'sbatch: error: Batch job submission failed: Invalid account\n', code: 1 });
  await expect(sbatch([], 'x.sh')).rejects.toThrow(/x\.sh: found that sbatch refuses it: .*Invalid account; expected/);
});

it('jobs that squeue has forgotten are asked of sacct', async () => {
  says(
    'squeue',
    '17|0|RUNNING|None|tiny-finetune-1\n17|1|PENDING|Resources|tiny-finetune-1\n18|N/A|PENDING|Dependency|a|b\n',
  );
  says('sacct', '9_0|CANCELLED by 1000|tiny-read-1\n9_1|COMPLETED|tiny-read-1\n');
  const queue = await readQueue(['17', '18', '9']);
  expect([...queue]).toEqual([
    ['17_0', { name: 'tiny-finetune-1', state: 'RUNNING', reason: 'None' }],
    ['17_1', { name: 'tiny-finetune-1', state: 'PENDING', reason: 'Resources' }],
    ['18', { name: 'a|b', state: 'PENDING', reason: 'Dependency' }],
    ['9_0', { name: 'tiny-read-1', state: 'CANCELLED', reason: '' }],
    ['9_1', { name: 'tiny-read-1', state: 'COMPLETED', reason: '' }],
  ]);
  expect([...queue.values()].map(isAlive)).toEqual([true, true, true, false, false]);
});

it('without accounting, what squeue has forgotten stays unknown', async () => {
  says('squeue', '', { err: 'slurm_load_jobs error: Invalid job id specified\n', code: 1 });
  says('sacct', '', { err: 'Slurm accounting storage is disabled\n', code: 1 });
  expect(await readQueue(['9'])).toEqual(new Map());
  rmSync(join(folder, 'sacct'));
  expect(await readQueue(['9'])).toEqual(new Map());
});

it('a controller that does not answer is an error, and no empty queue', async () => {
  const err = 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n';
  says('squeue', '', { err, code: 1 });
  await expect(readQueue(['9'])).rejects.toThrow(/squeue: slurm_load_jobs error: Unable to contact/);
  says('scancel', '', { err: 'scancel: error: Access denied\n', code: 1 });
  await expect(scancel(['9'])).rejects.toThrow(/Access denied/);
});
