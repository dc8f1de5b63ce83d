import { type Command, Option } from 'commander';
import type { ExperimentStatus, NodeStatus } from '../../../src/experiments/index.js';
import { integer } from '../../options.js';
import { print, printJson, table } from '../../output.js';
import { duration } from '../../progress.js';

export function registerStatus(experiment: Command): void {
  experiment
    .command('status')
    .description('how far an experiment is: every part, whether it runs here, elsewhere or not at all')
    .argument('<folder>', 'the folder of the experiment')
    .addOption(
      new Option('--watch', 'say it again every two seconds (with Slurm: 15), until all is done or Ctrl-C').conflicts(
        'json',
      ),
    )
    .option('--cores <n>', 'cores that share what is left (default: as planned, or all)', integer(1, 1024))
    .option('--all', 'show finished and waiting parts one by one too')
    .option('--json', 'print it as one JSON document on standard output')
    .addHelpText(
      'after',
      `
It reads the folder alone, so it can be asked from any terminal, or another machine that has the folder. A part whose process
is gone counts as interrupted: the next run goes on from its last checkpoint. Of parts that were submitted to Slurm, squeue
is asked too, and sacct where the cluster has accounting.

Examples:
  hilum experiment status runs/chestxray14-mini
  hilum experiment status runs/chestxray14-mini --watch
  hilum experiment status runs/chestxray14-mini --json | jq .secondsLeft`,
    )
    .action(status);
}

interface StatusOptions {
  watch?: true;
  cores?: number;
  all?: true;
  json?: true;
}

const WATCH_EVERY = 2000;
/** Its controller answers everybody on the cluster. */
const ASK_SLURM_EVERY = 15_000;

async function status(folder: string, { watch, cores, all, json }: StatusOptions): Promise<void> {
  const { slurmStatus } = await import('../../../src/experiments/index.js');
  const clear = process.stdout.isTTY ? '\x1b[2J\x1b[H' : '';
  for (;;) {
    const now = await slurmStatus(folder, cores);
    if (json) return printJson(now);
    print(`${watch ? clear : ''}${textOf(now, all ?? false)}`);
    if (!watch || now.finished) return;
    await new Promise((wait) => setTimeout(wait, now.slurm ? ASK_SLURM_EVERY : WATCH_EVERY));
  }
}

function textOf(status: ExperimentStatus, all: boolean): string {
  const { nodes, slurm } = status;
  const shown = nodes.filter(({ state }) => all || (state !== 'finished' && state !== 'waiting'));
  const rows = shown.length > 0 ? table([['part', 'state', 'how far'], ...shown.map(rowOf)], [0, 1, 2]) : undefined;
  const problem = slurm?.problem && `What Slurm knows is missing here. ${slurm.problem}`;
  return [headOf(status), rows, problem].filter((text) => text !== undefined).join('\n\n');
}

/** How far it is, in a line. */
export function headOf({ name, counts, share, secondsLeft, finished }: ExperimentStatus): string {
  const parts = Object.entries(counts).flatMap(([state, count]) => (count > 0 ? [`${count} ${state}`] : []));
  const done = share === null ? '' : `, ${Math.floor(100 * share)} % of the work`;
  const left = secondsLeft === null || finished ? '' : `, about ${duration(secondsLeft)} left`;
  return `${name}: ${finished ? 'finished' : `${parts.join(', ')}${done}${left}`}`;
}

function rowOf({ id, state, progress, process: by, error, seconds, slurm }: NodeStatus): string[] {
  if (error) return [id, state, error];
  if (slurm && (state === 'queued' || !progress)) return [id, state, jobText(slurm)];
  if (state === 'finished') return [id, state, seconds === undefined ? '' : `in ${duration(seconds)}`];
  if (!progress) return [id, state, by ? `process ${by.pid} on ${by.host}` : ''];
  const { done, total, unit, rate, secondsLeft, note, step, steps } = progress;
  const texts = [
    `${Math.floor((100 * done) / Math.max(1, total))} %`,
    ...(note ? [note] : []),
    ...(step !== undefined && steps !== undefined ? [`step ${step}/${steps}`] : []),
    ...(rate === undefined ? [] : [`${rate.toPrecision(3)} ${unit}/s`]),
    ...(secondsLeft === undefined || state !== 'running' ? [] : [`${duration(secondsLeft)} left`]),
  ];
  return [id, state, texts.join(', ')];
}

/** `job 17_3: Dependency` */
function jobText({ job, state, reason }: NonNullable<NodeStatus['slurm']>): string {
  const why = state === 'PENDING' ? reason : (state?.toLowerCase() ?? 'unknown to Slurm by now');
  return `job ${job}: ${why}`;
}
