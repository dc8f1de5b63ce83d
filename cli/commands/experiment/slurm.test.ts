import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { hilum } from '../../../test/command-line.js';
import { type Document, experiment, random } from '../../../test/tiny-experiment.js';

vi.mock('../../output.js', async (original) => (await import('../../../test/printed.js')).capturing(original));

const folder = mkdtempSync(join(tmpdir(), 'hilum-slurm-command-'));
const out = join(folder, 'out');
beforeAll(() => write('settings.yaml', { partition: 'gpu', particion: 'cpu' }));
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rmSync(folder, { recursive: true }));

const file = (change?: (document: Document) => void) => write('experiment.yaml', experiment([random], change));
const run = (path: string, ...args: string[]) => hilum('experiment', 'run', path, '--out', out, ...args);

function write(name: string, value: object): string {
  const path = join(folder, name);
  writeFileSync(path, stringify(value));
  return path;
}

it.each<[string, string[], string]>([
  ['--wait', ['--wait'], '--wait: found --executor local'],
  ['--dry-run', ['--dry-run'], '--dry-run: found --executor local'],
  ['--slurm', ['--slurm', 'x.yaml'], '--slurm: found --executor local'],
  ['--only', ['--executor', 'slurm', '--only', 'dataset/phantoms'], '--only: found --executor slurm'],
  ['--memory', ['--executor', 'slurm', '--memory', '8'], '--memory: found --executor slurm'],
])('%s is refused where it would be without effect', async (_, args, message) => {
  const { code, err } = await run(file(), ...args);
  expect(err).toContain(message);
  expect(code).toBe(2);
});

it('a mistyped key of the settings is named', async () => {
  const { code, err } = await run(file(), '--executor', 'slurm', '--slurm', join(folder, 'settings.yaml'));
  expect(err).toContain('settings.yaml: particion: found an unknown key');
  expect(code).toBe(2);
});

it('a GPU by its number is refused, since Slurm gives each job its own', async () => {
  const { code, err } = await run(
    file((it) => (it.device = 'cuda:1')),
    '--executor',
    'slurm',
  );
  expect(err).toContain('device: found cuda:1; expected cpu or cuda');
  expect(code).toBe(2);
});

it('without Slurm it says so, and an experiment that was not submitted cannot be cancelled', async () => {
  vi.stubEnv('PATH', folder);
  expect((await run(file(), '--executor', 'slurm')).err).toContain('sbatch: found no such program on the PATH');
  expect((await hilum('experiment', 'cancel', out)).err).toContain('found no slurm/jobs.json');
});

it('where squeue is not, status says what the folder knows, and what is missing', async () => {
  mkdirSync(join(out, 'slurm'), { recursive: true });
  const { checkExperiment } = await import('../../../src/experiments/index.js');
  writeFileSync(join(out, 'config.json'), JSON.stringify(checkExperiment(experiment([random]), 'test')));
  const jobs = [{ job: '17', name: 'tiny-read-1', kind: 'read', script: 'slurm/001/read-1.sh', tasks: [] }];
  writeFileSync(join(out, 'slurm', 'jobs.json'), JSON.stringify({ format: 'hilum-slurm-jobs/1', jobs }));
  vi.stubEnv('PATH', folder);
  const status = await hilum('experiment', 'status', out);
  expect(status.out).toMatch(/^tiny: 3 waiting/);
  expect(status.out).toContain('What Slurm knows is missing here. squeue: found no such program on the PATH');
  expect(JSON.parse((await hilum('experiment', 'status', out, '--json')).out).slurm.alive).toBeNull();
});
