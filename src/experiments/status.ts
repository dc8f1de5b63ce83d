/** How far an experiment is, from its folder alone: also while no process, or another one, works on it. */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { contentHash } from '../base/index.js';
import { readConfig } from './config/config.js';
import type { ExperimentConfig } from './config/schema.js';
import { experimentGraph, type GraphNode, type NodeKind } from './parts/graph.js';
import { nodeStatusPath, readNodeRecord } from './parts/node-record.js';
import { readStoredPlan } from './parts/plan-file.js';
import { type PartProgress, readJsonIfThere, readPartStatus } from './parts/running.js';
import { schedule } from './parts/schedule.js';
import type { ExperimentResult } from './result/index.js';

/**
 * `queued`: waits in Slurm's queue. `interrupted`: the process that worked on it is gone; the next run goes on from its last
 * checkpoint.
 */
export type NodeState = 'waiting' | 'queued' | 'running' | 'interrupted' | 'failed' | 'finished';

export interface NodeStatus {
  id: string;
  kind: NodeKind;
  title: string;
  state: NodeState;
  needs: readonly string[];
  /** Of a finished fine-tuning, also where it was searched. */
  learningRate?: number;
  /** Of one that runs or was interrupted: the process, since when (ISO 8601), how far. */
  process?: { pid: number; host: string; since: string };
  progress?: PartProgress;
  /** The last line of `metrics.jsonl`. */
  metrics?: Record<string, unknown>;
  /** Why it failed. */
  error?: string;
  /** Where it was submitted to Slurm and is not finished. */
  slurm?: SlurmTask;
  /** Of work: measured where it is finished, else estimated from its progress, the plan or others like it. */
  seconds?: number;
}

/** A job of Slurm's, or a task of an array. */
export interface SlurmTask {
  /** `17`, or `17_3`. */
  job: string;
  /** `PENDING`, `RUNNING`, `FAILED`, ...; null where Slurm has forgotten it. */
  state: string | null;
  /** Why it waits or ended, where Slurm says so. */
  reason: string;
  /** What it printed. */
  log: string;
}

export interface ExperimentStatus {
  name: string;
  folder: string;
  counts: Record<NodeState, number>;
  nodes: NodeStatus[];
  /** Share of the work that is done, 0..1, by time; null where no time is known yet. */
  share: number | null;
  /** With `cores`, where time is known of every node that is left; tests count only where the plan knows of them. */
  secondsLeft: number | null;
  cores: number;
  /** Whether the result is there, of the configuration as it is. */
  finished: boolean;
  /** Where parts were submitted to Slurm: how many wait or run there; null, with the reason, where it could not be asked. */
  slurm?: { alive: number | null; problem?: string };
}

/**
 * Reads how far the experiment in a folder is; `cores` share what is left, by default those of the last run here. Throws
 * an InputError where no experiment was started there.
 */
export function experimentStatus(folder: string, cores?: number): ExperimentStatus {
  const config = readConfig(folder);
  const finished = isFinished(folder, config);
  const graph = experimentGraph(config);
  const plan = readStoredPlan(folder);
  const nodes = graph.map((node): NodeStatus => {
    const planned = plan?.nodes.find(({ id, key }) => id === node.id && key === node.key)?.seconds;
    const status = statusOf(folder, node, finished);
    return { ...status, ...(status.seconds === undefined && planned != null && { seconds: planned }) };
  });
  for (const node of nodes) node.seconds ??= likeOthers(nodes, node);
  const used = cores ?? plan?.cores ?? availableParallelism();
  return {
    name: config.name,
    folder,
    counts: countsOf(nodes),
    nodes,
    ...(finished ? { share: 1, secondsLeft: 0 } : outlook(nodes, graph, used)),
    cores: used,
    finished,
  };
}

export function countsOf(nodes: readonly NodeStatus[]): Record<NodeState, number> {
  const counts = { waiting: 0, queued: 0, running: 0, interrupted: 0, failed: 0, finished: 0 };
  for (const { state } of nodes) counts[state]++;
  return counts;
}

/** Whether the whole result is there, of the configuration as it is. */
export function isFinished(folder: string, config: ExperimentConfig): boolean {
  const result = readJsonIfThere<ExperimentResult>(join(folder, 'result.json'));
  return (
    result !== undefined && result.failed === undefined && contentHash(result.configuration) === contentHash(config)
  );
}

function statusOf(folder: string, { id, key, kind, title, needs }: GraphNode, finished: boolean): NodeStatus {
  const known = { id, kind, title, needs };
  const record = readNodeRecord(folder, { id, key });
  const parts = (record?.parts ?? []).map((part) => join(folder, part));
  const whole = record?.whole && parts.every((part) => existsSync(join(part, 'result.json')));
  if (whole || finished) {
    const [learningRate, seconds] = [record?.learningRate, record?.seconds];
    return {
      ...known,
      state: 'finished',
      ...(learningRate !== undefined && { learningRate }),
      ...(seconds !== undefined && { seconds }),
    };
  }
  const paths = [...parts.map((part) => join(part, 'status.json')), nodeStatusPath(folder, id)];
  const [status] = paths.flatMap((path) => readPartStatus(path) ?? []);
  if (!status) return { ...known, state: 'waiting' };
  const { pid, host, startedAt, progress, error, alive } = status;
  const state = status.state === 'failed' ? 'failed' : alive ? 'running' : 'interrupted';
  const metrics = parts.map((part) => lastLine(join(part, 'metrics.jsonl'))).find((line) => line !== undefined);
  const elapsed = (Date.now() - startedAt) / 1000;
  const left = progress?.secondsLeft;
  return {
    ...known,
    state,
    process: { pid, host, since: new Date(startedAt).toISOString() },
    ...(progress && { progress }),
    ...(metrics && { metrics }),
    ...(error !== undefined && { error }),
    ...(state === 'running' && left !== undefined && { seconds: elapsed + left }),
  };
}

/** The mean of nodes of a kind whose time is known: of the same data set or initialization, where there are such. */
function likeOthers(nodes: readonly NodeStatus[], { id, kind }: NodeStatus): number | undefined {
  const known = nodes.filter((node) => node.kind === kind && node.seconds !== undefined);
  const near = known.filter((node) => node.id.split('/')[1] === id.split('/')[1]);
  const from = near.length > 0 ? near : known;
  return from.length > 0 ? from.reduce((sum, { seconds }) => sum + seconds!, 0) / from.length : undefined;
}

function outlook(
  nodes: readonly NodeStatus[],
  graph: readonly GraphNode[],
  cores: number,
): Pick<ExperimentStatus, 'share' | 'secondsLeft'> {
  const doneOf = ({ state, progress }: NodeStatus) =>
    state === 'finished' ? 1 : progress && progress.total > 0 ? progress.done / progress.total : 0;
  const total = nodes.reduce((sum, { seconds = 0 }) => sum + seconds, 0);
  const done = nodes.reduce((sum, node) => sum + (node.seconds ?? 0) * doneOf(node), 0);
  const left = nodes.filter(({ state }) => state !== 'finished');
  const unknown = left.some(({ kind, seconds }) => kind !== 'test' && seconds === undefined);
  const tasks = left.map((node) => {
    const { threads } = graph.find(({ id }) => id === node.id)!;
    const seconds = (node.seconds ?? 0) * (1 - doneOf(node));
    return { id: node.id, needs: node.needs, demand: { threads: threads || cores }, seconds };
  });
  return {
    share: total > 0 && !unknown ? done / total : null,
    secondsLeft: unknown ? null : schedule(tasks, { threads: cores }).seconds,
  };
}

const TAIL = 8192;

function lastLine(path: string): Record<string, unknown> | undefined {
  if (!existsSync(path)) return undefined;
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(TAIL, size));
    readSync(fd, bytes, 0, bytes.length, size - bytes.length);
    // A last line may be on its way.
    const line = bytes.toString().split('\n').slice(0, -1).at(-1);
    return line ? (JSON.parse(line) as Record<string, unknown>) : undefined;
  } finally {
    closeSync(fd);
  }
}
