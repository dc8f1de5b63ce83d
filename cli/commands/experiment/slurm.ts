import type { Command } from 'commander';
import type { ExperimentConfig, ExperimentStatus, Submission } from '../../../src/experiments/index.js';
import { note, print, printJson, shown, table } from '../../output.js';
import { headOf } from './status.js';

export interface SubmitOptions {
  config: ExperimentConfig;
  dataRoot: string;
  folder: string;
  strict?: true;
  checkpointSeconds?: number;
  /** Path of the settings. */
  slurm?: string;
  dryRun?: true;
  wait?: true;
  json?: true;
}

/** Submits an experiment to Slurm; with `wait`, returns the folder of the finished one, else nothing. */
export async function submit({ slurm, wait, json, dryRun, ...options }: SubmitOptions): Promise<string | undefined> {
  const { loadSlurmSettings, submitExperiment } = await import('../../../src/experiments/index.js');
  const settings = loadSlurmSettings(slurm);
  const submission = await submitExperiment({ ...options, settings, ...(dryRun && { dryRun }) });
  if (wait) {
    note(submissionText(submission));
    await waitFor(submission.folder);
    return submission.folder;
  }
  if (json) printJson(submission);
  else print(submissionText(submission));
  return undefined;
}

function submissionText({ folder, scripts, jobs, finished, queued, cancelled }: Submission): string {
  const there = [
    ...(finished > 0 ? [`${finished} parts are finished`] : []),
    ...(queued > 0 ? [`${queued} are in the queue`] : []),
  ];
  const known = there.length > 0 ? `${there.join(', ')}.` : undefined;
  if (jobs.length === 0) return `${known} Nothing to submit.\nStatus: ${statusCommand(folder)}`;
  const rows = jobs.map(({ name, job, nodes, after }) => [job ?? '-', name, `${nodes.length}`, after ?? '']);
  const isDry = jobs.some(({ job }) => job === undefined);
  return [
    ...(known ? [known] : []),
    ...(cancelled.length > 0 ? [`Cancelled, since they waited for what will not come: ${cancelled.join(', ')}`] : []),
    table([['job', 'script', 'parts', 'begins'], ...rows], [0, 1, 3]),
    `Scripts and logs: ${scripts}`,
    ...(isDry
      ? [`Nothing was submitted. By hand: ${shown(`${scripts}/submit.sh`)}`]
      : [`Status: ${statusCommand(folder)}`, `Cancel: hilum experiment cancel ${shown(folder)}`]),
  ].join('\n');
}

const statusCommand = (folder: string) => `hilum experiment status ${shown(folder)}`;

async function waitFor(folder: string): Promise<void> {
  const { waitForJobs } = await import('../../../src/experiments/index.js');
  const { HilumError, Interrupted } = await import('../../../src/base/index.js');
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  let said = '';
  const say = (status: ExperimentStatus) => {
    const line = headOf(status);
    if (line !== said) note(line);
    said = line;
  };
  try {
    const status = await waitForJobs(folder, say, { signal: stop.signal });
    if (status.finished) return;
    if (stop.signal.aborted) throw new Interrupted(`the jobs go on. Status: ${statusCommand(folder)}`);
    throw new HilumError(failedText(status));
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

function failedText({ nodes, folder }: ExperimentStatus): string {
  const failed = nodes.filter(({ state }) => state === 'failed').map(({ id, error }) => `${id}: ${error}`);
  const reasons = failed.length > 0 ? failed : ['no job is left in the queue, and the experiment is not finished'];
  return [...reasons, `The same command submits what is left. Status: ${statusCommand(folder)}`].join('\n');
}

export function registerCancel(experiment: Command): void {
  experiment
    .command('cancel')
    .description("take an experiment's jobs out of Slurm's queue; what is finished, and checkpoints, stay")
    .argument('<folder>', 'the folder of the experiment')
    .option('--json', 'print the ids as one JSON document on standard output')
    .addHelpText(
      'after',
      `
Jobs that run write a checkpoint first. "hilum experiment run FILE --executor slurm" submits them again.

Examples:
  hilum experiment cancel runs/my`,
    )
    .action(cancel);
}

async function cancel(folder: string, { json }: { json?: true }): Promise<void> {
  const { cancelJobs } = await import('../../../src/experiments/index.js');
  const cancelled = await cancelJobs(folder);
  if (json) printJson({ folder, cancelled });
  else print(cancelled.length === 0 ? 'no job of it is in the queue' : `cancelled: ${cancelled.join(', ')}`);
}
