import { join } from 'node:path';
import type { Command } from 'commander';
import type { ExperimentPlan, PlannedNode } from '../../../src/experiments/index.js';
import { integer } from '../../options.js';
import { note, print, printJson, table } from '../../output.js';
import { duration } from '../../progress.js';

interface PlanOptions {
  data?: string;
  out?: string;
  cores?: number;
  memory?: number;
  probe: boolean;
  json?: true;
}

const GIB = 2 ** 30;

export function registerPlan(experiment: Command): void {
  experiment
    .command('plan')
    .description('every part of an experiment, what it needs, and its time, memory and disk; refuses what cannot run')
    .argument('<file>', 'the experiment, in YAML')
    .option('--data <folder>', "the folder that the file's relative paths start from (default: the file's own folder)")
    .option('--out <folder>', 'where everything goes (default: runs/<name of the experiment>)')
    .option('--cores <n>', 'cores to share among the parts (default: all)', integer(1, 1024))
    .option('--memory <GiB>', "memory to share among the parts (default: the machine's)", integer(1, 1 << 20))
    .option('--no-probe', 'measure nothing: no times, and memory by a formula')
    .option('--json', 'print the plan as one JSON document on standard output')
    .addHelpText(
      'after',
      `
A few steps of each distinct training are run on noise, a few images are read, a few redraws tested: about half a minute in all, more
where networks are many or large. The times are those of a machine which does nothing else. Early stopping only shortens it. The plan is kept in the folder: a run shares memory by it, and
"hilum experiment status" knows the time that is left. Exit code 2, with every reason, where the experiment cannot run.

Examples:
  hilum experiment plan experiments/chestxray14-mini.yaml --data ../shared/data
  hilum experiment plan my.yaml --cores 16 --memory 64
  hilum experiment plan my.yaml --no-probe --json | jq -r '.nodes[] | select(.finished | not) | .id'`,
    )
    .action(plan);
}

async function plan(file: string, { data, out, memory, json, ...options }: PlanOptions): Promise<void> {
  const { loadExperiment, planExperiment } = await import('../../../src/experiments/index.js');
  const { config, dataRoot } = loadExperiment(file, data);
  const folder = out ?? join('runs', config.name);
  if (options.probe) note('measuring a few training steps, images and redraws');
  const bytes = memory === undefined ? {} : { memory: memory * GIB };
  const planned = await planExperiment({ config, dataRoot, folder, ...options, ...bytes });
  if (json) printJson(planned);
  else print(textOf(planned));
}

function textOf(plan: ExperimentPlan): string {
  const { name, nodes, cores, memory, secondsLeft, secondsOfWork, uncertainty, disk } = plan;
  const left = nodes.filter(({ finished }) => !finished);
  const parts = `${nodes.length} parts, ${nodes.length - left.length} finished`;
  const time =
    secondsLeft === null
      ? 'not measured'
      : `${duration(secondsLeft)} with ${cores} cores (${duration(secondsOfWork!)} one after the other), give or take ${Math.round(100 * uncertainty)} %`;
  const most = Math.max(0, ...left.map((node) => node.memory));
  return [
    `${name}: ${parts}`,
    '',
    table([['part', 'state', 'time', 'memory', 'disk', 'cores', 'needs'], ...nodes.map(rowOf)], [0, 1, 6]),
    ...(nodes.length > MANY
      ? [table([['in all', 'parts', 'to do', 'time', 'memory', 'disk'], ...kindRows(nodes)])]
      : []),
    `time    ${time}`,
    `memory  ${gib(most)} at most for one part, ${gib(memory)} to share`,
    `disk    ${gib(disk.needed)} to be written, ${gib(disk.free)} free`,
  ].join('\n');
}

/** Parts from which on there are sums for each kind. */
const MANY = 20;

/** Of each kind of part: how many, and of those that are left the time one after the other, the memory of the largest, the disk of all. */
function kindRows(nodes: readonly PlannedNode[]): string[][] {
  return [...new Set(nodes.map(({ kind }) => kind))].map((kind) => {
    const own = nodes.filter((node) => node.kind === kind);
    const left = own.filter(({ finished }) => !finished);
    const sum = (of: (node: PlannedNode) => number) => left.reduce((total, node) => total + of(node), 0);
    const time = left.some(({ seconds }) => seconds === null) ? '?' : duration(sum(({ seconds }) => seconds!));
    const memory = Math.max(0, ...left.map((node) => node.memory));
    return [kind, `${own.length}`, `${left.length}`, time, gib(memory), gib(sum(({ disk }) => disk))];
  });
}

const gib = (bytes: number) => `${(bytes / GIB).toFixed(1)} GiB`;

/** Tests run anew with every run of the experiment. */
function rowOf({ id, kind, finished, seconds, memory, disk, threads, needs }: PlannedNode): string[] {
  const time = seconds === null ? '?' : duration(seconds);
  const kinds = new Map<string, string[]>();
  for (const need of needs) {
    const sort = need.split('/')[0]!;
    kinds.set(sort, [...(kinds.get(sort) ?? []), need]);
  }
  const needed = [...kinds].map(([kind, ids]) => (ids.length > 1 ? `${ids.length} x ${kind}` : ids.join(', ')));
  return [
    id,
    finished ? 'finished' : kind === 'test' ? 'each time' : 'to do',
    finished ? '' : time,
    finished ? '' : gib(memory),
    finished ? '' : gib(disk),
    threads === 0 ? 'all' : `${threads}`,
    needed.join(', '),
  ];
}
