/** The text of sbatch scripts, which a person could have written and may submit by hand. Pure. */
import { join } from 'node:path';
import type { JobGroup } from './groups.js';

export interface ScriptContext {
  /** The experiment's name. */
  experiment: string;
  /** hilum's version. */
  version: string;
  /** Absolute: what the scripts, lists and logs lie in; the experiment's file; where its paths start; where all goes. */
  folder: string;
  file: string;
  data: string;
  out: string;
  /** How hilum is called, as the shell reads it. */
  hilum: string;
  /** Options of `hilum experiment run` for every job. */
  options: readonly string[];
  /** Lines of shell before hilum. */
  setup: readonly string[];
  /** Tasks of one array that run at once. */
  atOnce?: number;
  /** How often a job that was stopped queues itself again. */
  requeues: number;
}

/** Seconds before the limit; Slurm may be up to a minute early. */
const WARNING = 120;

export const scriptName = ({ name }: Pick<JobGroup, 'name'>): string => `${name}.sh`;
export const listName = ({ name }: Pick<JobGroup, 'name'>): string => `${name}.txt`;
/** `index`: of a task in an array; absent for the report, which is none. */
export const logName = (name: string, index?: number | '%a'): string =>
  index === undefined ? `${name}.log` : `${name}-${index}.log`;
export const jobName = (experiment: string, { name }: Pick<JobGroup, 'name'>): string => `${experiment}-${name}`;

const isArray = ({ kind }: JobGroup) => kind !== 'report';

/** The script of a job. */
export function sbatchScript(group: JobGroup, context: ScriptContext): string {
  const { experiment, version, folder, file, data, out, options, setup, requeues } = context;
  const array = isArray(group);
  const variables = [
    `experiment=${quoted(file)}`,
    `data=${quoted(data)}`,
    `out=${quoted(out)}`,
    `job=${array ? `\${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID` : '$SLURM_JOB_ID'}`,
    ...(array ? [`node=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" ${quoted(join(folder, listName(group)))})`] : []),
    'export UV_THREADPOOL_SIZE=$SLURM_CPUS_PER_TASK',
  ];
  const hilum = [
    `${context.hilum} experiment run "$experiment" --data "$data" --out "$out" --cores "$SLURM_CPUS_PER_TASK"`,
    ...options,
    array ? '--only "$node"' : '--finished-only',
  ].join(' ');
  const lines = [
    '#!/bin/bash',
    ...directives(group, context).map((line) => `#SBATCH ${line}`),
    '',
    `# ${titleOf(group)} of the experiment ${experiment}, written by hilum ${version}. submit.sh beside it has the order of all.`,
    '# Where Slurm ends it early (its time limit is near, its place is wanted), hilum writes a checkpoint, and the job goes',
    '# back to the queue and on from there.',
    '',
    ...variables,
    ...setup,
    '',
    `echo "job $job on $(hostname), start $((\${SLURM_RESTART_COUNT:-0} + 1))${array ? ': $node' : ''}"`,
    `${hilum} &`,
    ENDING.replaceAll('REQUEUES', `${requeues}`),
  ];
  return lines.join('\n');
}

const ENDING = `hilum=$!
# The warning before the time limit comes to this shell alone; SIGTERM comes to hilum too.
trap 'signalled=yes; kill -TERM "$hilum"' USR1
trap 'signalled=yes' TERM
signalled=yes
while [ -n "$signalled" ]; do
  signalled=
  wait "$hilum"
  code=$?
done

# 130: stopped, with a checkpoint. A job that was cancelled does not count as running any more, and stays away.
if [ "$code" -eq 130 ] && [ "$(squeue --noheader --jobs="$job" --format=%T)" = RUNNING ]; then
  if [ "\${SLURM_RESTART_COUNT:-0}" -lt REQUEUES ]; then
    echo 'back to the queue'
    scontrol requeue "$job" && exit
  fi
  echo 'stopped after REQUEUES returns to the queue; give it more time'
fi
exit "$code"
`;

const TITLES = {
  read: 'Reading of images',
  pretrain: 'Pretraining',
  finetune: 'Fine-tuning',
  predict: 'External validation',
  report: 'Tests and report',
};
const titleOf = ({ kind, tasks }: JobGroup) =>
  tasks.length > 1 && kind !== 'report' ? `${TITLES[kind]}, ${tasks.length} times,` : TITLES[kind];

function directives(group: JobGroup, { experiment, folder, atOnce, requeues }: ScriptContext): string[] {
  const { tasks, cores, memory, time, request } = group;
  const { partition, account, qos, constraint, gres, lines = [] } = request;
  const array = isArray(group);
  const named = Object.entries({ partition, account, qos, constraint, gres });
  // A % that stands for itself must not be taken for a pattern.
  const logs = `${folder}/`.replaceAll('%', '%%');
  return [
    `--job-name=${jobName(experiment, group)}`,
    ...(array ? [`--array=0-${tasks.length - 1}${atOnce === undefined ? '' : `%${atOnce}`}`] : []),
    '--nodes=1',
    '--ntasks=1',
    `--cpus-per-task=${cores}`,
    `--mem=${memory}M`,
    ...(time === undefined ? [] : [`--time=${time}`]),
    ...named.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${spaced(value)}`])),
    requeues > 0 ? '--requeue' : '--no-requeue',
    '--kill-on-invalid-dep=yes',
    `--signal=B:USR1@${WARNING}`,
    `--output="${logs}${logName(group.name, array ? '%a' : undefined)}"`,
    '--open-mode=append',
    ...lines,
  ];
}

/** An earlier job that others depend on: its id, and that of every task of it. */
export interface Needed {
  /** Id of a job, or what a shell takes for it. */
  job: string;
  array: boolean;
  /** Ids of the nodes of its tasks, by place. */
  nodes: readonly string[];
}

/**
 * `afterok:17:19_0:19_3`; undefined where nothing is needed. A job all of whose tasks are needed stands for them. The report waits for the
 * end of all, good or bad.
 */
export function dependencyOf(
  { kind, needs }: Pick<JobGroup, 'kind' | 'needs'>,
  jobs: readonly Needed[],
): string | undefined {
  const needed = new Set(needs);
  const parts = jobs.flatMap(({ job, array, nodes }) => {
    const places = nodes.flatMap((id, i) => (needed.has(id) ? [i] : []));
    if (places.length === nodes.length) return [job];
    return array ? places.map((i) => `${job}_${i}`) : places.slice(0, 1).map(() => job);
  });
  return parts.length > 0 ? `${kind === 'report' ? 'afterany' : 'afterok'}:${parts.join(':')}` : undefined;
}

/** What submits the scripts of groups, in their order, by hand. `queued`: jobs that are in the queue already. */
export function submitScript(groups: readonly JobGroup[], queued: readonly Needed[]): string {
  const variable = ({ name }: JobGroup) => name.replaceAll('-', '_');
  const own = groups.map((group): Needed => {
    return { job: `\${${variable(group)}}`, array: isArray(group), nodes: group.tasks.map(({ id }) => id) };
  });
  const lines = groups.map((group) => {
    const dependency = dependencyOf(group, [...queued, ...own]);
    const after = dependency === undefined ? '' : ` --dependency="${dependency}"`;
    return `${variable(group)}=$(submit${after} ${scriptName(group)})`;
  });
  return `#!/bin/bash
# Submits these jobs, each after what it needs; "hilum experiment run --executor slurm" does the same, and keeps the ids.
set -euo pipefail
cd "$(dirname "$0")"
submit() { sbatch --parsable "$@" | cut -d ';' -f 1; }

${lines.join('\n')}
echo "submitted: ${groups.map((group) => `$${variable(group)}`).join(' ')}"
`;
}

/** As one word of the shell. */
export const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** As sbatch reads a value in a script. */
const spaced = (value: string) => (/\s/.test(value) ? `"${value}"` : value);
