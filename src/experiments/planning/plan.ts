/** What an experiment will take, before it runs: every part, its time from a measured probe, memory and disk. */
import { availableParallelism, totalmem } from 'node:os';
import { InputError } from '../../base/index.js';
import type { ExperimentOptions } from '../parts/context.js';
import type { NodeKind } from '../parts/graph.js';
import { writeStoredPlan } from '../parts/plan-file.js';
import { type ScheduledTask, schedule } from '../parts/schedule.js';
import { Estimate, type Taken } from './estimate.js';
import { type Measured, measure } from './measure.js';
import { freeBytes, requireNone, type Survey, survey } from './survey.js';

export interface PlannedNode extends Taken {
  id: string;
  kind: NodeKind;
  title: string;
  needs: readonly string[];
  threads: number;
  /** Whether it is there already, by its key. */
  finished: boolean;
}

export interface ExperimentPlan {
  name: string;
  folder: string;
  nodes: PlannedNode[];
  cores: number;
  /** Bytes to share among the parts. */
  memory: number;
  /** Until all is done, from now on; null without a probe. What could not be estimated counts nothing. */
  secondsLeft: number | null;
  /** Of all that is left, one after the other. */
  secondsOfWork: number | null;
  /** Share by which the times may be off, either way. */
  uncertainty: number;
  /** Bytes that what is left will write, and that are free. */
  disk: { needed: number; free: number };
  /** Seconds that the probe took. */
  probeSeconds: number;
}

export interface PlanOptions extends Omit<ExperimentOptions, 'progress' | 'only'> {
  /** Whether to train a few steps to measure time and memory; true unless said. */
  probe?: boolean;
}

/** Plans, and keeps the plan in the folder. Throws one InputError with every reason why the experiment cannot run. */
export async function planExperiment(options: PlanOptions): Promise<ExperimentPlan> {
  const { config, folder, cores = availableParallelism(), memory = totalmem() } = options;
  const found = await survey(options);
  requireNone(found.refusals);
  const begun = performance.now();
  const measured = options.probe === false ? undefined : await measure(found);
  const probeSeconds = (performance.now() - begun) / 1000;
  const nodes = nodesOf(found, measured, cores);
  const left = nodes.filter(({ finished }) => !finished);
  const { needed, free } = requireDisk(folder, nodes);
  const tasks = left.flatMap((node) => tasksOf(node, config.finetuning.threads, cores));
  const plan = {
    name: config.name,
    folder,
    nodes,
    cores,
    memory,
    secondsLeft: measured ? schedule(tasks, { threads: cores, memory }).seconds : null,
    secondsOfWork: measured ? left.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0) : null,
    uncertainty: Math.max(0.25, ...[...(measured?.trainings.values() ?? [])].map(({ uncertainty }) => uncertainty)),
    disk: { needed, free },
    probeSeconds,
  };
  const keys = new Map(found.context.graph.map(({ id, key }) => [id, key]));
  const stored = nodes.map(({ id, seconds, memory }) => ({ id, key: keys.get(id)!, seconds, memory }));
  writeStoredPlan(folder, { cores, nodes: stored });
  return plan;
}

/** What every node takes, by formulas alone: nothing is known of the time, and nothing is kept. */
export function estimateNodes(found: Survey): PlannedNode[] {
  return nodesOf(found, undefined, availableParallelism());
}

function nodesOf(found: Survey, measured: Measured | undefined, cores: number): PlannedNode[] {
  const estimate = new Estimate(found, measured, cores);
  return found.context.graph.map((node) => {
    const { id, kind, title, needs, threads } = node;
    return { id, kind, title, needs, threads, finished: found.finished.has(id), ...estimate.of(node) };
  });
}

/** A node as the schedule sees it: pieces that may run beside each other, then the rest. */
function tasksOf(
  { id, needs, threads, seconds, memory, beside }: PlannedNode,
  ofPiece: number,
  cores: number,
): ScheduledTask[] {
  const { pieces, seconds: apart } = beside ?? { pieces: 0, seconds: 0 };
  const parts = Array.from({ length: pieces }, (_, i) => {
    return { id: `${id} ${i}`, needs, demand: { threads: ofPiece, memory }, seconds: apart / pieces };
  });
  const rest = { id, demand: { threads: threads || cores, memory }, seconds: (seconds ?? 0) - apart };
  return [...parts, { ...rest, needs: [...needs, ...parts.map((part) => part.id)] }];
}

/** Bytes that what is left will write, and that are free. Throws an InputError where these are fewer. */
export function requireDisk(folder: string, nodes: readonly PlannedNode[]): { needed: number; free: number } {
  const free = freeBytes(folder);
  const needed = nodes.reduce((sum, { finished, disk }) => sum + (finished ? 0 : disk), 0);
  if (needed > free) throw new InputError(diskText(folder, needed, free));
  return { needed, free };
}

const diskText = (folder: string, needed: number, free: number) =>
  `${folder}: found ${gib(free)} GiB free; expected ${gib(needed)} GiB, which the parts that are left will write. Make room, or give another folder with --out.`;

const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
