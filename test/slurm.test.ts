/** The Slurm executor on a real cluster of this one machine: Debian's slurm-wlm, with a configuration of its own. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { experiment, fingerprints, numbersOf, type Outcome, phantoms, random, Workbench } from './tiny-experiment.js';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const SCRIPT = resolve(import.meta.dirname, '../scripts/slurm-one-machine.sh');
const missing = ['munged', 'slurmctld', 'slurmd', 'sbatch'].filter(
  (program) => !['/usr/sbin', '/usr/bin'].some((folder) => existsSync(join(folder, program))),
);
const wanted = process.env.HILUM_TEST_FULL === '1';
const able = wanted && missing.length === 0 && process.getuid?.() === 0;
if (wanted && !able) {
  console.warn(`slurm.test.ts is skipped: ${missing.length > 0 ? `no ${missing.join(', ')}` : 'slurmd wants root'}`);
}

interface SubmittedJob {
  name: string;
  job: string;
  nodes: string[];
  after?: string;
}

interface Status {
  nodes: { id: string; state: string; error?: string; process?: unknown; slurm?: { job: string } }[];
  slurm: { alive: number };
}

describe.skipIf(!able)('the Slurm executor', () => {
  const bench = new Workbench();
  const cluster = mkdtempSync(join(tmpdir(), 'hilum-slurm-'));
  const document = experiment([random], (it) => {
    it.finetuning.seeds = [1, 2];
    it.datasets.push({ ...phantoms, name: 'second', root: 'second', findings: ['Cardiomegaly', 'Effusion'] });
  });

  beforeAll(async () => {
    process.env.SLURM_CONF = join(cluster, 'slurm.conf');
    execFileSync(SCRIPT, ['start', cluster], { stdio: ['ignore', 'ignore', 'inherit'] });
    await bench.draw();
    cpSync(bench.path('radiographs'), bench.path('second'), { recursive: true });
    const here = await bench.run(document, 'here');
    expect(here, here.err).toMatchObject({ code: 0 });
  });
  afterAll(() => {
    execFileSync(SCRIPT, ['stop', cluster]);
    delete process.env.SLURM_CONF;
    rmSync(cluster, { recursive: true });
    bench.remove();
  });

  const submit = (file: string, out: string, ...args: string[]) =>
    bench.call('experiment', 'run', file, '--out', bench.path(out), '--executor', 'slurm', ...args);
  const status = async (out: string) =>
    JSON.parse((await bench.call('experiment', 'status', bench.path(out), '--json')).out) as Status;
  const stateOf = async (out: string, id: string) => (await status(out)).nodes.find((node) => node.id === id);
  const jobsOf = ({ out }: Outcome) => (JSON.parse(out) as { jobs: SubmittedJob[] }).jobs;
  const slurm = (program: string, ...args: string[]) => spawnSync(program, args, { encoding: 'utf8' }).stdout;
  const until = async (what: string, check: () => boolean | Promise<boolean>) => {
    for (const end = Date.now() + 120_000; Date.now() < end; ) {
      if (await check()) return;
      await new Promise((wait) => setTimeout(wait, 100));
    }
    throw new Error(`${what} never came`);
  };
  const textOf = (...names: string[]) =>
    existsSync(bench.path(...names)) ? readFileSync(bench.path(...names), 'utf8') : '';
  const shown = ({ out, err }: Outcome) => `${out}\n${err}`;

  it('gives the result of a run here, bit for bit, in a folder with spaces; a second call submits nothing', async () => {
    const file = bench.write(document);
    const submitted = await submit(file, 'on slurm', '--json');
    expect(submitted, submitted.err).toMatchObject({ code: 0 });
    const jobs = jobsOf(submitted);
    expect(jobs.map(({ name, nodes }) => [name, nodes.length])).toEqual([
      ['read-1', 2],
      ['finetune-1', 2],
      ['finetune-2', 2],
      ['report', 2],
    ]);
    expect(jobs[1]!.after).toBe(`afterok:${jobs[0]!.job}_0`);
    const again = JSON.parse((await submit(file, 'on slurm', '--json')).out);
    expect(again).toMatchObject({ jobs: [], cancelled: [] });
    expect(again.queued + again.finished).toBe(8);
    const waited = await submit(file, 'on slurm', '--wait');
    expect(waited, shown(waited)).toMatchObject({ code: 0, out: expect.stringMatching(/^Verdict\n/) });
    expect(fingerprints(bench.path('on slurm'))).toEqual(fingerprints(bench.path('here')));
    expect(numbersOf(bench.path('on slurm'))).toEqual(numbersOf(bench.path('here')));
    expect((await submit(file, 'on slurm')).out).toMatch(/8 parts are finished\. Nothing to submit\./);
  });

  it('brings a part that is stopped back to the queue, and on from its checkpoint to the same bits', async () => {
    const long = structuredClone(document);
    long.datasets.pop();
    Object.assign(long.finetuning, { seeds: [1], epochs: 500 });
    const undisturbed = await bench.run(long, 'undisturbed');
    expect(undisturbed, undisturbed.err).toMatchObject({ code: 0 });
    const id = 'finetune/phantoms/random/seed-1';
    const submitted = await submit(bench.write(long), 'stopped', '--checkpoint-seconds', '0');
    expect(submitted, submitted.err).toMatchObject({ code: 0 });
    const checkpoint = () => {
      const parts = bench.path('stopped', 'parts');
      const part = existsSync(parts) && readdirSync(parts).find((name) => name.startsWith('phantoms-random'));
      return part ? existsSync(join(parts, part, 'checkpoint', 'state.safetensors')) : false;
    };
    const log = () => textOf('stopped', 'slurm', '001', 'finetune-1-0.log');
    await until('a checkpoint', checkpoint);
    const { slurm: task } = (await stateOf('stopped', id))!;
    const runsAgain = async (start: number) => {
      await until(`its start ${start}`, () => log().includes(`start ${start}:`));
      await until(`its run ${start}`, async () => (await stateOf('stopped', id))?.process !== undefined);
    };
    // As Slurm warns before the time limit, then as an administrator takes its place away, then as a job that comes first does.
    slurm('scancel', '--signal=USR1', '--batch', task!.job);
    await runsAgain(2);
    slurm('scontrol', 'requeue', task!.job);
    await runsAgain(3);
    slurm('sbatch', '--partition=urgent', '--exclusive', '--output=/dev/null', '--wrap=sleep 1');
    await runsAgain(4);
    expect(log()).toContain('DUE TO PREEMPTION');
    const waited = await submit(bench.write(long), 'stopped', '--wait');
    expect(waited, shown(waited)).toMatchObject({ code: 0 });
    expect(log()).toContain('back to the queue');
    expect(fingerprints(bench.path('stopped'))).toEqual(fingerprints(bench.path('undisturbed')));
    expect(numbersOf(bench.path('stopped'))).toEqual(numbersOf(bench.path('undisturbed')));
  });

  it('runs settings, external validation and folds as jobs, each with a GPU of its own where it wants one', async () => {
    const matrix = structuredClone(document);
    Object.assign(matrix, { name: 'settings', externalValidation: true, matrix: { imageSize: [32, 16] } });
    Object.assign(matrix.finetuning, { epochs: 1, learningRate: [1e6, 0.001] });
    Object.assign(matrix.datasets[1], { role: 'external' });
    const folds = structuredClone(document);
    Object.assign(folds, { name: 'folds', crossValidation: { folds: 2 } });
    folds.datasets.pop();
    const setup = ['echo "GPU: $CUDA_VISIBLE_DEVICES"'];
    const settings = bench.write({ memory: 1, cores: 1, gres: 'gpu:1', read: { gres: 'none' }, setup });
    for (const own of [matrix, folds]) {
      const here = await bench.run(own, `${own.name} here`);
      expect(here, here.err).toMatchObject({ code: 0 });
      const waited = await submit(bench.write(own), own.name, '--slurm', settings, '--wait');
      expect(waited, shown(waited)).toMatchObject({ code: 0 });
      expect(waited.err).not.toMatch(/warning/i);
      expect(fingerprints(bench.path(own.name))).toEqual(fingerprints(bench.path(`${own.name} here`)));
      expect(numbersOf(bench.path(own.name))).toEqual(numbersOf(bench.path(`${own.name} here`)));
    }
    const jobs = readdirSync(bench.path('settings', 'slurm', '001')).filter((name) => name.endsWith('.log'));
    const gpus = jobs.map((name) => [name, /^GPU: (.*)$/m.exec(textOf('settings', 'slurm', '001', name))?.[1]]);
    for (const [name, gpu] of gpus) expect(gpu, name).toMatch(name!.startsWith('read') ? /^$/ : /^[01]$/);
    expect(gpus.map(([name]) => name!.replace(/-.*/, ''))).toEqual(
      expect.arrayContaining(['read', 'finetune', 'predict', 'report.log']),
    );
    expect(new Set(gpus.map(([, gpu]) => gpu)).size).toBe(3);
  });

  it('names a part that fails, runs and reports what does not need it, and afterwards what is left alone', async () => {
    const file = bench.write(document);
    const out = bench.path('failing');
    // Held, so that a data set can go between the check and the job.
    const held = bench.write({ read: { lines: ['--hold'] } });
    const dry = await submit(file, 'failing', '--slurm', held, '--dry-run');
    expect(dry.out, dry.err).toMatch(/Nothing was submitted\. By hand: /);
    expect(existsSync(join(out, 'slurm', 'jobs.json'))).toBe(false);
    const submitted = await submit(file, 'failing', '--slurm', held, '--json');
    expect(submitted, submitted.err).toMatchObject({ code: 0 });
    const there = bench.path('second');
    renameSync(there, `${there}-gone`);
    slurm('scontrol', 'release', jobsOf(submitted)[0]!.job);
    await until('the failure', async () => (await stateOf('failing', 'dataset/second'))?.state === 'failed');
    renameSync(`${there}-gone`, there);
    await until('the end of the others', async () => (await status('failing')).slurm.alive === 0);
    const { nodes } = await status('failing');
    expect(nodes.map(({ id, state }) => [id, state])).toEqual([
      ['dataset/phantoms', 'finished'],
      ['dataset/second', 'failed'],
      ['finetune/phantoms/random/seed-1', 'finished'],
      ['finetune/phantoms/random/seed-2', 'finished'],
      ['finetune/second/random/seed-1', 'waiting'],
      ['finetune/second/random/seed-2', 'waiting'],
      ['test/phantoms', 'failed'],
      ['test/second', 'failed'],
    ]);
    const part = JSON.parse(textOf('failing', 'result.json'));
    expect(part.cells).toHaveLength(1);
    expect(part.failed.map((it: { id: string }) => it.id)).toEqual(['dataset/second']);
    expect(textOf('failing', 'report.md')).toContain('Not finished: read second.');
    expect(nodes[1]!.error).toContain(join(out, 'slurm', '002', 'read-1-1.log'));
    expect(textOf('failing', 'slurm', '002', 'read-1-1.log')).toContain(there);
    const again = await submit(file, 'failing', '--wait');
    expect(again, shown(again)).toMatchObject({ code: 0 });
    expect(again.err).toMatch(/3 parts are finished/);
    expect(numbersOf(out).failed).toBeUndefined();
    expect(numbersOf(out)).toEqual(numbersOf(bench.path('here')));
  });

  it('says what sbatch has against a job, and takes jobs out of the queue', async () => {
    const refused = await submit(bench.write(document), 'refused', '--slurm', bench.write({ partition: 'gpu' }));
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.err).toMatch(/read-1\.sh: found that sbatch refuses it: .*invalid partition specified: gpu/);
    const held = bench.write({ lines: ['--hold'] });
    const jobs = jobsOf(await submit(bench.write(document), 'refused', '--slurm', held, '--json')).map(
      ({ job }) => job,
    );
    const cancelled = await bench.call('experiment', 'cancel', bench.path('refused'), '--json');
    expect(JSON.parse(cancelled.out).cancelled).toHaveLength(7);
    await until('an empty queue', () => slurm('squeue', '--noheader', `--jobs=${jobs.join(',')}`) === '');
    expect((await bench.call('experiment', 'cancel', bench.path('refused'))).out).toMatch(/no job of it/);
  });
});
