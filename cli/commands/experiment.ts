import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { inputError } from '../../src/base/index.js';
import type {
  ExperimentConfig,
  ExperimentOptions,
  ExperimentResult,
  Finished,
  ReportPaths,
} from '../../src/experiments/index.js';
import { stoppable } from '../interrupt.js';
import { integer } from '../options.js';
import { note, print, printJson, shown } from '../output.js';
import { Progress } from '../progress.js';
import { registerExport } from './experiment/export.js';
import { registerPlan } from './experiment/plan.js';
import { registerCancel, submit } from './experiment/slurm.js';
import { registerStatus } from './experiment/status.js';

interface RunOptions {
  data?: string;
  out?: string;
  cores?: number;
  memory?: number;
  strict?: true;
  checkpointSeconds?: number;
  only?: string[];
  finishedOnly?: true;
  executor: 'local' | 'slurm';
  slurm?: string;
  dryRun?: true;
  wait?: true;
  json?: true;
}

export function register(program: Command): void {
  const experiment = program.command('experiment').description('compare initializations, end to end');
  experiment
    .command('run')
    .description(
      'pretrain, fine-tune, test and compare, as an experiment file says; goes on where an earlier run stopped',
    )
    .argument('<file>', 'the experiment, in YAML')
    .option('--data <folder>', "the folder that the file's relative paths start from (default: the file's own folder)")
    .option('--out <folder>', 'where everything goes (default: runs/<name of the experiment>)')
    .option('--cores <n>', 'cores to share among the parts (default: all)', integer(1, 1024))
    .option('--memory <GiB>', "memory to share among the parts (default: the machine's)", integer(1, 1 << 20))
    .option('--strict', 'stop where an image cannot be read (default: list it and leave it out)')
    .option(
      '--checkpoint-seconds <n>',
      'write a checkpoint at least this often; 0 after every step (default: 120)',
      integer(0, 86400),
    )
    .option(
      '--only <id...>',
      'run these parts alone, as "hilum experiment plan" names them, and write no report; others may run elsewhere meanwhile',
    )
    .addOption(
      new Option(
        '--finished-only',
        'read and train nothing: test and report what is finished, and name what is not (exit code 1)',
      ).conflicts('only'),
    )
    .addOption(
      new Option('--executor <where>', 'here, or as jobs of a Slurm cluster')
        .choices(['local', 'slurm'])
        .default('local'),
    )
    .option('--slurm <file>', 'settings of the cluster in YAML: partition, account, limits (docs/slurm.md)')
    .option('--dry-run', 'with slurm: write the scripts, submit nothing')
    .option('--wait', 'with slurm: stay until all is done; Ctrl-C leaves the jobs')
    .option('--json', 'print the result as one JSON document on standard output (with slurm: the jobs)')
    .addHelpText(
      'after',
      `
Finished parts are reused: the same command after a crash, a kill or Ctrl-C goes on from the last checkpoint and ends
with the same numbers. With slurm, it submits what is neither finished nor in the queue, and returns at once; folders must lie
where all machines of the cluster see them.

Examples:
  hilum experiment run experiments/chestxray14-mini.yaml --data ../shared/data
  hilum experiment run my.yaml --data /data --out /results/my --json > result.json
  hilum experiment run my.yaml --only dataset/ChestX-ray14 finetune/ChestX-ray14/random/seed-1
  hilum experiment run my.yaml --executor slurm --slurm cluster.yaml
  hilum experiment run my.yaml --executor slurm --wait --json > result.json`,
    )
    .action(run);
  experiment
    .command('report')
    .description(
      'write report.html, report.md, the CSV files of numbers and the model cards again from a finished experiment',
    )
    .argument('<folder>', 'the folder of a finished experiment')
    .option('--json', 'print the paths as one JSON document on standard output')
    .addHelpText('after', '\nExamples:\n  hilum experiment report runs/chestxray14-mini')
    .action(report);
  registerPlan(experiment);
  registerStatus(experiment);
  registerCancel(experiment);
  registerExport(experiment);
}

async function run(file: string, options: RunOptions): Promise<void> {
  requireFitting(options);
  const { loadExperiment } = await import('../../src/experiments/index.js');
  const { config, dataRoot } = loadExperiment(file, options.data);
  const folder = options.out ?? join('runs', config.name);
  const words = [file, ...(options.data === undefined ? [] : ['--data', options.data]), '--out', folder];
  const job = { config, dataRoot, folder, words };
  await (options.executor === 'slurm' ? runOnSlurm(job, options) : runHere(job, options));
}

interface Job extends Pick<ExperimentOptions, 'config' | 'dataRoot' | 'folder'> {
  /** The command line that goes on with it. */
  words: string[];
}

/** Throws an InputError for an option that the chosen executor does not take. */
function requireFitting(options: RunOptions): void {
  const { executor } = options;
  const others = { local: ['slurm', 'dryRun', 'wait'], slurm: ['only', 'finishedOnly', 'cores', 'memory'] } as const;
  for (const name of others[executor]) {
    if (options[name] === undefined) continue;
    const what = `--${name.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`;
    const fix = executor === 'local' ? 'Give --executor slurm too.' : 'Its jobs have cores and memory by --slurm FILE.';
    throw inputError({ what, found: `--executor ${executor}`, expected: 'the other executor', fix });
  }
}

async function runOnSlurm(
  { words: _, ...job }: Job,
  { strict, checkpointSeconds, slurm, dryRun, wait, json }: RunOptions,
) {
  const folder = await submit({ ...job, strict, checkpointSeconds, slurm, dryRun, wait, json });
  if (folder === undefined) return;
  const { readResult, writeReport } = await import('../../src/experiments/index.js');
  const result = readResult(join(folder, 'result.json'));
  if (json) printJson(result);
  else print(summary(result, writeReport(folder, result)));
}

async function runHere(job: Job, options: RunOptions) {
  const { Unfinished } = await import('../../src/experiments/index.js');
  try {
    await runParts(job, options);
  } catch (error) {
    if (!(error instanceof Unfinished)) throw error;
    const made = error.made as Finished | undefined;
    if (made) show(made, options);
    const report = made ? `The report has what is finished: ${made.report.html}\n` : '';
    error.message += `\n${report}What is finished is used again. To go on: hilum experiment run ${job.words.map(shown).join(' ')}`;
    throw error;
  }
}

function show({ result, report }: Finished, { json }: Pick<RunOptions, 'json'>): void {
  if (json) printJson(result);
  else print(summary(result, report));
}

async function runParts({ config, dataRoot, folder }: Job, { json, only, memory, ...given }: RunOptions) {
  const { runNodes } = await import('../../src/experiments/index.js');
  const { cores, strict, checkpointSeconds, finishedOnly } = given;
  const options = {
    cores,
    strict,
    checkpointSeconds,
    finishedOnly,
    ...(memory !== undefined && { memory: memory * 2 ** 30 }),
  };
  if (only) {
    await withProgress((progress) => runNodes({ config, dataRoot, folder, progress, ...options, only }));
    if (json) printJson({ folder, finished: only });
    else print(`finished: ${only.join(', ')}`);
    return;
  }
  show(await runToEnd(config, dataRoot, folder, options), { json });
}

/** Runs an experiment with progress, warnings and Ctrl-C as every command that does so should have them. */
export async function runToEnd(
  config: ExperimentConfig,
  dataRoot: string,
  folder: string,
  options: Pick<ExperimentOptions, 'cores' | 'memory' | 'strict' | 'checkpointSeconds' | 'finishedOnly'> = {},
): Promise<Finished> {
  const { runExperiment } = await import('../../src/experiments/index.js');
  return withProgress((progress) => runExperiment({ config, dataRoot, folder, progress, ...options }));
}

async function withProgress<T>(start: (progress: Progress) => { done: Promise<T>; stop(): void }): Promise<T> {
  const { engineInfo } = await import('../../src/torch/index.js');
  for (const warning of engineInfo().warnings) note(`warning: ${warning}`);
  const progress = new Progress();
  try {
    return await stoppable(start(progress));
  } finally {
    progress.clear();
  }
}

/** The verdict and where to read more, for people. */
export function summary(result: ExperimentResult, report: ReportPaths): string {
  return ['Verdict', ...result.verdict.map((sentence) => `  ${sentence}`), '', `Report: ${report.html}`].join('\n');
}

async function report(folder: string, { json }: { json?: true }): Promise<void> {
  const { readResult, writeReport } = await import('../../src/experiments/index.js');
  const result = readResult(join(folder, 'result.json'));
  const paths = writeReport(folder, result);
  if (json) printJson(paths);
  else print(summary(result, paths));
}
