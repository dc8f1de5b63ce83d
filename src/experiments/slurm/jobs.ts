/** `slurm/jobs.json`: the jobs that were submitted of an experiment, and what became of them. */
import { dirname, join } from 'node:path';
import { inputError, writeJson } from '../../base/index.js';
import { readJsonIfThere } from '../parts/running.js';
import { isAlive, type QueueEntry, readQueue, scancel } from './client.js';
import type { JobTask } from './groups.js';
import { logName } from './script.js';
import type { JobKind } from './settings.js';

export interface SlurmJob {
  /** Slurm's id. */
  job: string;
  /** In the queue. */
  name: string;
  kind: JobKind;
  /** Relative to the experiment's folder; its logs lie beside it. */
  script: string;
  /** ISO 8601. */
  submittedAt: string;
  /** By their places in the array; of the report, its tests. */
  tasks: readonly JobTask[];
}

const FORMAT = 'hilum-slurm-jobs/1';

interface StoredJobs {
  format: typeof FORMAT;
  jobs: SlurmJob[];
}

export const slurmFolder = (folder: string): string => join(folder, 'slurm');
const jobsPath = (folder: string) => join(slurmFolder(folder), 'jobs.json');

/** Undefined where nothing was ever submitted. */
export function readJobs(folder: string): SlurmJob[] | undefined {
  const path = jobsPath(folder);
  const stored = readJsonIfThere<StoredJobs>(path);
  if (stored === undefined || stored.format === FORMAT) return stored?.jobs;
  throw inputError({ what: `${path}: format`, found: `${stored.format}`, expected: FORMAT });
}

export function writeJobs(folder: string, jobs: readonly SlurmJob[]): void {
  writeJson(jobsPath(folder), { format: FORMAT, jobs });
}

/** A node in a job. */
export interface SubmittedTask extends JobTask {
  /** `17`, or `17_3` of an array. */
  job: string;
  kind: JobKind;
  log: string;
  /** What Slurm says of it; absent where it has forgotten it. */
  entry?: QueueEntry;
}

export const isAliveTask = ({ entry }: SubmittedTask): boolean => entry !== undefined && isAlive(entry);

/**
 * Every node that was ever submitted, with what Slurm says of it, the latest last. Ids that belong to somebody else's job by now,
 * since Slurm counts anew, are known by the job's name.
 */
export async function submittedTasks(folder: string, jobs: readonly SlurmJob[]): Promise<SubmittedTask[]> {
  const queue = await readQueue(jobs.map(({ job }) => job));
  return jobs.flatMap(({ job, name, kind, script, tasks }) =>
    tasks.map((task, i): SubmittedTask => {
      const array = kind !== 'report';
      const id = array ? `${job}_${i}` : job;
      const base = script.replace(/^.*\/|\.sh$/g, '');
      const log = join(folder, dirname(script), logName(base, array ? i : undefined));
      const entry = queue.get(id);
      return { ...task, job: id, kind, log, ...(entry?.name === name && { entry }) };
    }),
  );
}

/** Cancels every job of an experiment that waits or runs; returns their ids. */
export async function cancelJobs(folder: string): Promise<string[]> {
  const jobs = readJobs(folder);
  if (jobs === undefined) {
    const fix = 'Parts that run here end with Ctrl-C.';
    throw inputError({ what: folder, found: 'no slurm/jobs.json', expected: 'an experiment that was submitted', fix });
  }
  const alive = new Set((await submittedTasks(folder, jobs)).filter(isAliveTask).map(({ job }) => job));
  await scancel([...alive]);
  return [...alive];
}
