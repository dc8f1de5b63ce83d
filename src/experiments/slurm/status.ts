/** What Slurm's queue knows of an experiment, laid over what its folder says. */
import { setTimeout } from 'node:timers/promises';
import { HilumError, messageOf } from '../../base/index.js';
import { readConfig } from '../config/config.js';
import { experimentGraph } from '../parts/graph.js';
import { countsOf, type ExperimentStatus, experimentStatus, type NodeStatus } from '../status.js';
import { isAliveTask, readJobs, type SubmittedTask, submittedTasks } from './jobs.js';

/**
 * `experimentStatus`, and where parts of it were submitted, what became of their jobs. Where Slurm cannot be asked, the folder
 * alone counts, and `slurm.problem` says why.
 */
export async function slurmStatus(folder: string, cores?: number): Promise<ExperimentStatus> {
  const jobs = readJobs(folder);
  if (!jobs) return experimentStatus(folder, cores);
  let tasks: SubmittedTask[];
  try {
    tasks = await submittedTasks(folder, jobs);
  } catch (error) {
    if (!(error instanceof HilumError)) throw error;
    return { ...experimentStatus(folder, cores), slurm: { alive: null, problem: messageOf(error) } };
  }
  // After Slurm was asked, so that what ended meanwhile is finished here.
  const status = experimentStatus(folder, cores);
  const keys = new Map(experimentGraph(readConfig(folder)).map(({ id, key }) => [id, key]));
  const latest = new Map(tasks.filter(({ id, key }) => keys.get(id) === key).map((task) => [task.id, task]));
  const nodes = status.nodes.map((node) => {
    const task = latest.get(node.id);
    return node.state === 'finished' || !task ? node : inQueue(node, task);
  });
  const alive = new Set(tasks.filter(isAliveTask).map(({ job }) => job)).size;
  return { ...status, nodes, counts: countsOf(nodes), slurm: { alive } };
}

const BAD_ENDS = new Set(['FAILED', 'TIMEOUT', 'OUT_OF_MEMORY', 'NODE_FAIL', 'BOOT_FAIL', 'DEADLINE', 'PREEMPTED']);

function inQueue(node: NodeStatus, task: SubmittedTask): NodeStatus {
  const { job, log, entry } = task;
  const slurm = { job, state: entry?.state ?? null, reason: entry?.reason ?? '', log };
  if (!entry) return { ...node, slurm };
  if (isAliveTask(task)) {
    const { error: _, ...rest } = node;
    const state = entry.state === 'PENDING' ? 'queued' : 'running';
    return { ...rest, state, slurm };
  }
  if (!BAD_ENDS.has(entry.state)) return { ...node, slurm };
  const why = node.state === 'failed' ? node.error : undefined;
  return {
    ...node,
    state: 'failed',
    error: `${why ?? `${entry.state} (${entry.reason})`}; job ${job}, see ${log}`,
    slurm,
  };
}

/**
 * Waits until no job of an experiment waits or runs, and returns its last status; asks every so many milliseconds, and tells
 * `onStatus` each time. Ends early, with the jobs as they are, where `signal` is aborted.
 */
export async function waitForJobs(
  folder: string,
  onStatus: (status: ExperimentStatus) => void,
  { signal, every = 10_000 }: { signal?: AbortSignal; every?: number } = {},
): Promise<ExperimentStatus> {
  for (;;) {
    const status = await slurmStatus(folder);
    onStatus(status);
    if (status.slurm?.alive === 0 || status.finished || signal?.aborted) return status;
    await setTimeout(every, undefined, { signal }).catch((error) => {
      if (!signal?.aborted) throw error;
    });
  }
}
