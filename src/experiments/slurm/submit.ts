/** Puts what is left of an experiment into Slurm's queue. */
import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { stringify } from 'yaml';
import { inputError, lockFolder, packageRoot, packageVersion, writeFileAtomic } from '../../base/index.js';
import { writeConfig } from '../experiment.js';
import type { ExperimentOptions } from '../parts/context.js';
import type { GraphNode } from '../parts/graph.js';
import { readStoredPlan } from '../parts/plan-file.js';
import { estimateNodes, requireDisk } from '../planning/plan.js';
import { requireNone, type Survey, survey } from '../planning/survey.js';
import { isFinished } from '../status.js';
import { requireSlurm, sbatch, scancel } from './client.js';
import { type JobGroup, jobGroups } from './groups.js';
import { readJobs, type SlurmJob, slurmFolder, submittedTasks, writeJobs } from './jobs.js';
import { neededOf, queueOf } from './queue.js';
import {
  dependencyOf,
  jobName,
  listName,
  type Needed,
  quoted,
  type ScriptContext,
  sbatchScript,
  scriptName,
  submitScript,
} from './script.js';
import type { SlurmSettings } from './settings.js';

export interface SlurmOptions
  extends Pick<ExperimentOptions, 'config' | 'dataRoot' | 'folder' | 'strict' | 'checkpointSeconds'> {
  settings: SlurmSettings;
  /** Whether to write the scripts and submit none of them. */
  dryRun?: boolean;
}

export interface Submission {
  /** Absolute, of the experiment. */
  folder: string;
  /** Absolute, where the scripts, their lists and the logs lie; absent where there was nothing to do. */
  scripts?: string;
  /** What was submitted, or would have been: `job` is absent then. */
  jobs: { name: string; job?: string; nodes: readonly string[]; after?: string }[];
  /** Numbers of nodes that are finished, and that were in the queue already. */
  finished: number;
  queued: number;
  /** Ids of jobs that waited for what would not come, or were to report of an earlier form of the experiment. */
  cancelled: string[];
}

/**
 * Checks an experiment as a run does and submits what is neither finished nor in the queue: an array of jobs for all nodes
 * that are alike, each after those that it needs, and at the end one that tests and reports. Returns as soon as Slurm has them.
 * Throws an InputError with every reason why the experiment cannot run, or with what sbatch has against a job; jobs submitted
 * by then stay, and are found by the next call.
 */
export async function submitExperiment(options: SlurmOptions): Promise<Submission> {
  const folder = resolve(options.folder);
  requireSlurmForm(options, folder);
  if (!options.dryRun) await requireSlurm();
  const found = await survey({ ...options, folder, elsewhere: true });
  requireNone(found.refusals);
  const unlock = await lockFolder(slurmFolder(folder), 'submits jobs');
  try {
    return await submit({ ...options, folder }, found);
  } finally {
    unlock();
  }
}

async function submit(options: SlurmOptions, found: Survey): Promise<Submission> {
  const { config, folder, settings, dryRun = false } = options;
  const { graph } = found.context;
  const finished = new Set(isFinished(folder, config) ? graph.map(({ id }) => id) : found.finished);
  const earlier = readJobs(folder) ?? [];
  const queue = queueOf(graph, finished, dryRun && earlier.length === 0 ? [] : await submittedTasks(folder, earlier));
  requireNoForeign(queue.foreign, folder);
  const left = graph.filter(({ id }) => !finished.has(id) && !queue.coming.has(id));
  const summary = { folder, finished: finished.size, queued: queue.coming.size, cancelled: queue.useless };
  if (left.length === 0) return { ...summary, jobs: [] };

  const groups = jobGroups(left, finished, plannedNodes(found), settings, config.device);
  writeConfig(found.context);
  const scripts = newFolder(folder);
  const context = contextOf(options, scripts);
  const queued = neededOf(earlier, queue);
  writeFileAtomic(context.file, stringify(config));
  for (const group of groups) {
    writeScript(join(scripts, scriptName(group)), sbatchScript(group, context));
    if (group.kind === 'report') continue;
    writeFileAtomic(join(scripts, listName(group)), group.tasks.map(({ id }) => `${id}\n`).join(''));
  }
  writeScript(join(scripts, 'submit.sh'), submitScript(groups, queued));
  if (dryRun) return { ...summary, scripts, cancelled: [], jobs: groups.map((group) => submittedOf(group)) };

  await scancel(queue.useless);
  const jobs: Submission['jobs'] = [];
  const all = [...earlier];
  const needed: Needed[] = [...queued];
  for (const group of groups) {
    const dependency = dependencyOf(group, needed);
    const path = join(scripts, scriptName(group));
    const job = await sbatch(dependency === undefined ? [] : [`--dependency=${dependency}`], path);
    all.push(jobOf(group, job, relative(folder, path), config.name));
    writeJobs(folder, all);
    needed.push({ job, array: group.kind !== 'report', nodes: group.tasks.map(({ id }) => id) });
    jobs.push({ ...submittedOf(group), job, ...(dependency !== undefined && { after: dependency }) });
  }
  return { ...summary, scripts, jobs };
}

const submittedOf = ({ name, tasks }: JobGroup) => ({ name, nodes: tasks.map(({ id }) => id) });

function jobOf(group: JobGroup, job: string, script: string, experiment: string): SlurmJob {
  const { kind, tasks } = group;
  return { job, name: jobName(experiment, group), kind, script, submittedAt: new Date().toISOString(), tasks };
}

/** By formulas, and as the last plan measured it. */
function plannedNodes(found: Survey) {
  const { context } = found;
  const nodes = estimateNodes(found);
  requireDisk(context.folder, nodes);
  const stored = readStoredPlan(context.folder)?.nodes ?? [];
  const keyOf = new Map(context.graph.map(({ id, key }: GraphNode) => [id, key]));
  return nodes.map((node) => ({ ...node, ...stored.find(({ id, key }) => id === node.id && key === keyOf.get(id)) }));
}

function contextOf(options: SlurmOptions, scripts: string): ScriptContext {
  const { config, dataRoot, folder, settings, strict, checkpointSeconds } = options;
  const { setup, atOnce, requeues } = settings;
  return {
    experiment: config.name,
    version: packageVersion(),
    folder: scripts,
    file: join(scripts, 'experiment.yaml'),
    data: resolve(dataRoot),
    out: folder,
    hilum: settings.hilum ?? `${quoted(process.execPath)} ${quoted(join(packageRoot(), 'bin', 'hilum.js'))}`,
    options: [
      ...(strict ? ['--strict'] : []),
      ...(checkpointSeconds === undefined ? [] : [`--checkpoint-seconds ${checkpointSeconds}`]),
    ],
    setup,
    requeues,
    ...(atOnce !== undefined && { atOnce }),
  };
}

/** `slurm/001`, `slurm/002`, ...: what was submitted once is never changed. */
function newFolder(folder: string): string {
  const numbers = readdirSync(slurmFolder(folder)).flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  const path = join(slurmFolder(folder), `${Math.max(0, ...numbers) + 1}`.padStart(3, '0'));
  mkdirSync(path);
  return path;
}

function writeScript(path: string, text: string): void {
  writeFileAtomic(path, text);
  chmodSync(path, 0o755);
}

function requireSlurmForm({ config }: SlurmOptions, folder: string): void {
  if (/^cuda:/.test(config.device)) {
    const fix = 'Slurm gives each job a GPU of its own.';
    throw inputError({ what: 'device', found: config.device, expected: 'cpu or cuda', fix });
  }
  if (/["\\\n\r]/.test(folder)) {
    const expected = 'a path without quotes, backslashes and line breaks, as sbatch wants it';
    throw inputError({ what: '--out', found: JSON.stringify(folder), expected });
  }
}

function requireNoForeign(foreign: readonly { id: string; job: string }[], folder: string): void {
  const [first] = foreign;
  if (!first) return;
  const found = `${foreign.length} parts of another form of the experiment in Slurm's queue (${first.id}: job ${first.job})`;
  const fix = `Wait for them, or: hilum experiment cancel ${quoted(folder)}`;
  throw inputError({ what: folder, found, expected: 'jobs of the experiment as it is now', fix });
}
