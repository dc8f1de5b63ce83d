/** Slurm's own programs, called without a shell. */
import { execFile } from 'node:child_process';
import { HilumError, inputError } from '../../base/index.js';

/** What Slurm says of a job, or a task of an array. */
export interface QueueEntry {
  /** Name of the job. */
  name: string;
  /** `PENDING`, `RUNNING`, `FAILED`, ... */
  state: string;
  /** Why it waits or ended, where Slurm says so: `Dependency`, `Priority`, `NonZeroExitCode`. */
  reason: string;
}

/** States in which nothing more will come of a job. */
const ENDED = new Set([
  'BOOT_FAIL',
  'CANCELLED',
  'COMPLETED',
  'DEADLINE',
  'FAILED',
  'NODE_FAIL',
  'OUT_OF_MEMORY',
  'PREEMPTED',
  'REVOKED',
  'TIMEOUT',
]);

/** Whether it waits or runs. One whose dependency cannot be satisfied any more is as good as ended. */
export const isAlive = ({ state, reason }: QueueEntry): boolean =>
  !ENDED.has(state) && reason !== 'DependencyNeverSatisfied';

/** Submits a script and returns the job's id. Throws an InputError with what sbatch says against it. */
export async function sbatch(args: readonly string[], script: string): Promise<string> {
  const { code, out, err } = await call('sbatch', ['--parsable', ...args, script]);
  const id = /^(\d+)/.exec(out)?.[1];
  if (code === 0 && id !== undefined) return id;
  throw inputError({
    what: script,
    found: `that sbatch refuses it: ${saidIn(err || out)}`,
    expected: 'a job that this cluster takes',
    fix: 'Give the partition, account or limits that it wants in a file with --slurm, then run the same command again.',
  });
}

/** Throws an InputError where this machine cannot submit jobs. */
export async function requireSlurm(): Promise<void> {
  await call('sbatch', ['--version']);
}

/**
 * What Slurm knows of jobs, by id (`17`, or `17_3` for a task of an array): those in the queue, those that ended a few minutes ago,
 * and with accounting those that ended long ago. Throws an InputError without squeue, a HilumError where it fails.
 */
export async function readQueue(jobs: readonly string[]): Promise<Map<string, QueueEntry>> {
  const found = new Map<string, QueueEntry>();
  if (jobs.length === 0) return found;
  const wanted = `--jobs=${jobs.join(',')}`;
  const listed = await call('squeue', ['--noheader', '--array', '--states=all', wanted, '--format=%F|%K|%T|%r|%j']);
  // Of one job that it has forgotten, squeue says so by an error; of several, by leaving them out.
  if (listed.code !== 0 && !/Invalid job id/i.test(listed.err)) throw new HilumError(`squeue: ${saidIn(listed.err)}`);
  for (const [job, place, state, reason, ...name] of rowsOf(listed.out)) {
    const id = place === 'N/A' ? job! : `${job}_${place}`;
    found.set(id, { name: name.join('|'), state: state!, reason: reason! });
  }
  const known = new Set([...found.keys()].map((id) => id.split('_')[0]!));
  const forgotten = jobs.filter((job) => !known.has(job));
  if (forgotten.length === 0) return found;
  const format = ['--noheader', '--parsable2', '--allocations', '--format=JobID,State,JobName'];
  const account = await call('sacct', [...format, `--jobs=${forgotten.join(',')}`]).catch(() => undefined);
  for (const [id, state, ...name] of account?.code === 0 ? rowsOf(account.out) : []) {
    // CANCELLED by 1000
    found.set(id!, { name: name.join('|'), state: state!.split(' ')[0]!, reason: '' });
  }
  return found;
}

/** Cancels jobs or tasks of arrays; those that ended meanwhile are no fault. */
export async function scancel(ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const { code, err } = await call('scancel', ['--quiet', ...ids]);
  if (code !== 0 && !/Invalid job id/i.test(err)) throw new HilumError(`scancel: ${saidIn(err)}`);
}

const rowsOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('|'));

const saidIn = (text: string) => text.trim().replaceAll(/\s*\n\s*/g, '; ') || 'nothing';

function call(program: string, args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 2 ** 28, timeout: 60_000 }, (error, out, err) => {
      if ((error as NodeJS.ErrnoException | null)?.code === 'ENOENT') {
        const fix = 'Run this on a login node of the cluster.';
        reject(inputError({ what: program, found: 'no such program on the PATH', expected: "Slurm's", fix }));
      } else if (error && typeof error.code !== 'number') reject(new HilumError(`${program}: ${error.message}`));
      else resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}
