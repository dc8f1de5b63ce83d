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
  nodes: { id: string; state: string; error?: string; slurm?: { job: string } }[];
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
    Object.assign(long.finetuning, { seeds: [1], epochs: 60 });
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
    // As Slurm warns before the time limit, and then as an administrator takes its place away.
    slurm('scancel', '--signal=USR1', '--batch', task!.job);
    await until('its second start', () => log().includes('start 2:'));
    await until('its second run', async () => (await stateOf('stopped', id))?.state === 'running');
    slurm('scontrol', 'requeue', task!.job);
    const waited = await submit(bench.write(long), 'stopped', '--wait');
    expect(waited, shown(waited)).toMatchObject({ code: 0 });
    expect(log()).toContain('back to the queue');
    expect(log()).toContain('start 3:');
    expect(fingerprints(bench.path('stopped'))).toEqual(fingerprints(bench.path('undisturbed')));
    expect(numbersOf(bench.path('stopped'))).toEqual(numbersOf(bench.path('undisturbed')));
  });

  it('names a part that fails, runs what does not need it, and afterwards what is left alone', async () => {
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
      ['test/phantoms', 'waiting'],
      ['test/second', 'waiting'],
    ]);
    expect(nodes[1]!.error).toContain(join(out, 'slurm', '002', 'read-1-1.log'));
    expect(textOf('failing', 'slurm', '002', 'read-1-1.log')).toContain(there);
    const again = await submit(file, 'failing', '--wait');
    expect(again, shown(again)).toMatchObject({ code: 0 });
    expect(again.err).toMatch(/3 parts are finished/);
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
