import { describe, expect, it } from 'vitest';
import { experiment, phantoms, random, ssl } from '../../../test/tiny-experiment.js';
import { checkExperiment } from '../config/config.js';
import { experimentGraph } from '../parts/graph.js';
import { jobGroups } from './groups.js';
import { dependencyOf, quoted, type ScriptContext, sbatchScript, submitScript } from './script.js';
import { checkSlurmSettings } from './settings.js';

const config = checkExperiment(
  structuredClone(
    experiment([random, ssl], (it) => {
      it.finetuning.seeds = [1, 2];
      it.datasets.push({ ...phantoms, name: 'second' });
    }),
  ),
  'test',
);
const graph = experimentGraph(config);
const GIB = 2 ** 30;
const planned = graph.map(({ id }) => {
  return { id, seconds: id.startsWith('finetune') ? 4000 : null, memory: /ssl.*seed/.test(id) ? 3 * GIB : GIB };
});
const groupsOf = (settings: object, finished: string[] = [], device = 'cpu') => {
  const done = new Set(finished);
  const left = graph.filter(({ id }) => !done.has(id));
  return jobGroups(left, done, planned, checkSlurmSettings(settings, 'test'), device);
};

const context: ScriptContext = {
  experiment: 'tiny',
  version: '1.2.3',
  folder: '/shared/my runs/100 %/slurm/001',
  file: '/shared/my runs/100 %/slurm/001/experiment.yaml',
  data: '/shared/data',
  out: '/shared/my runs/100 %',
  hilum: 'hilum',
  options: ['--strict'],
  setup: ['module load nodejs/20'],
  requeues: 20,
};

describe('jobs', () => {
  const everyRun = graph.flatMap(({ id, kind }) => (kind === 'finetuning' ? [id] : []));

  it('are one for all nodes of a kind that need the same, and as much', () => {
    const groups = groupsOf({});
    expect(groups.map(({ name, tasks, needs, memory, time }) => [name, tasks.length, needs, memory, time])).toEqual([
      ['read-1', 3, [], 2048, undefined],
      ['pretrain-1', 1, ['data/ssl'], 4096, undefined],
      ['finetune-1', 2, ['dataset/phantoms'], 2048, '02:30:00'],
      ['finetune-2', 2, ['dataset/second'], 2048, '02:30:00'],
      ['finetune-3', 2, ['dataset/phantoms', 'pretrain/ssl/seed-1'], 4096, '02:30:00'],
      ['finetune-4', 2, ['dataset/second', 'pretrain/ssl/seed-1'], 4096, '02:30:00'],
      ['report', 2, expect.arrayContaining(everyRun), 4096, undefined],
    ]);
    expect(groups.flatMap(({ tasks }) => tasks.map(({ id }) => id)).toSorted()).toEqual(
      graph.map(({ id }) => id).toSorted(),
    );
  });

  it('do not wait for what is finished, and are then alike', () => {
    const groups = groupsOf({}, ['dataset/phantoms', 'dataset/second', 'data/ssl', 'pretrain/ssl/seed-1']);
    expect(groups.map(({ name, tasks, needs }) => [name, tasks.length, needs.length])).toEqual([
      ['finetune-1', 4, 0],
      ['finetune-2', 4, 0],
      ['report', 2, 8],
    ]);
  });

  it('ask for what the settings say, a section before the top', () => {
    const settings = { partition: 'cpu', memory: 8, time: '1-00:00:00', finetune: { partition: 'gpu', cores: 6 } };
    const groups = groupsOf({ ...settings, report: { memory: 0.5, time: '2:00:00' } }, [], 'cuda');
    const of = (start: string) => groups.find(({ name }) => name.startsWith(start))!;
    expect(of('read')).toMatchObject({ cores: 4, memory: 8192, time: '1-00:00:00', request: { partition: 'cpu' } });
    expect(of('read').request.gres).toBeUndefined();
    expect(of('finetune')).toMatchObject({ cores: 6, request: { partition: 'gpu', gres: 'gpu:1' } });
    expect(of('report')).toMatchObject({ memory: 512, time: '2:00:00', request: { gres: 'gpu:1' } });
  });

  it('have no array larger than Slurm takes', () => {
    const [node] = graph.filter(({ kind }) => kind === 'finetuning');
    const many = Array.from({ length: 2100 }, (_, i) => ({ ...node!, id: `finetune/${i}`, needs: [] }));
    const groups = jobGroups(many, new Set(), [], checkSlurmSettings({}, 'test'), 'cpu');
    expect(groups.map(({ name, tasks }) => [name, tasks.length])).toEqual([
      ['finetune-1', 1000],
      ['finetune-2', 1000],
      ['finetune-3', 100],
    ]);
  });
});

describe('a script', () => {
  it('is what a person would submit', () => {
    const settings = { account: 'radiology', constraint: 'a100&nvme', lines: ['--mail-type=FAIL'] };
    const group = groupsOf(settings).find(({ name }) => name === 'finetune-3')!;
    expect(sbatchScript(group, { ...context, atOnce: 1 })).toBe(`#!/bin/bash
#SBATCH --job-name=tiny-finetune-3
#SBATCH --array=0-1%1
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=4096M
#SBATCH --time=02:30:00
#SBATCH --account=radiology
#SBATCH --constraint=a100&nvme
#SBATCH --requeue
#SBATCH --kill-on-invalid-dep=yes
#SBATCH --signal=B:USR1@120
#SBATCH --output="/shared/my runs/100 %%/slurm/001/finetune-3-%a.log"
#SBATCH --open-mode=append
#SBATCH --mail-type=FAIL

# Fine-tuning, 2 times, of the experiment tiny, written by hilum 1.2.3. submit.sh beside it has the order of all.
# Where Slurm ends it early (its time limit is near, its place is wanted), hilum writes a checkpoint, and the job goes
# back to the queue and on from there.

experiment='/shared/my runs/100 %/slurm/001/experiment.yaml'
data=/shared/data
out='/shared/my runs/100 %'
job=\${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
node=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" '/shared/my runs/100 %/slurm/001/finetune-3.txt')
export UV_THREADPOOL_SIZE=$SLURM_CPUS_PER_TASK
module load nodejs/20

echo "job $job on $(hostname), start $((\${SLURM_RESTART_COUNT:-0} + 1)): $node"
hilum experiment run "$experiment" --data "$data" --out "$out" --cores "$SLURM_CPUS_PER_TASK" --strict --only "$node" &
hilum=$!
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
  if [ "\${SLURM_RESTART_COUNT:-0}" -lt 20 ]; then
    echo 'back to the queue'
    scontrol requeue "$job" && exit
  fi
  echo 'stopped after 20 returns to the queue; give it more time'
fi
exit "$code"
`);
  });

  it('of the report is no array, and trains nothing', () => {
    const text = sbatchScript(groupsOf({}).at(-1)!, { ...context, requeues: 0 });
    expect(text).not.toMatch(/--array|--only|SLURM_ARRAY/);
    expect(text).toMatch(/^hilum experiment run .* --strict --finished-only &$/m);
    expect(text).toMatch(/^#SBATCH --no-requeue$/m);
    expect(text).toMatch(/^job=\$SLURM_JOB_ID$/m);
  });

  it('is submitted after what it needs, by hand too', () => {
    const groups = groupsOf({}, ['data/ssl', 'dataset/phantoms']).filter(({ name }) => name !== 'report');
    const queued = [{ job: '17', array: true, nodes: ['dataset/second', 'dataset/third'] }];
    const left = groups.map((group) => ({ ...group, tasks: group.tasks.filter(({ id }) => id !== 'dataset/second') }));
    expect(
      submitScript(
        left.filter(({ tasks }) => tasks.length > 0),
        queued,
      ),
    ).toBe(`#!/bin/bash
# Submits these jobs, each after what it needs; "hilum experiment run --executor slurm" does the same, and keeps the ids.
set -euo pipefail
cd "$(dirname "$0")"
submit() { sbatch --parsable "$@" | cut -d ';' -f 1; }

pretrain_1=$(submit pretrain-1.sh)
finetune_1=$(submit finetune-1.sh)
finetune_2=$(submit --dependency="afterok:17_0" finetune-2.sh)
finetune_3=$(submit --dependency="afterok:\${pretrain_1}" finetune-3.sh)
finetune_4=$(submit --dependency="afterok:17_0:\${pretrain_1}" finetune-4.sh)
echo "submitted: $pretrain_1 $finetune_1 $finetune_2 $finetune_3 $finetune_4"
`);
  });
});

it('a job that is needed whole stands for its tasks', () => {
  const jobs = [
    { job: '17', array: true, nodes: ['a', 'b'] },
    { job: '18', array: true, nodes: ['c', 'd', ''] },
    { job: '19', array: false, nodes: ['e', 'f'] },
  ];
  const needs = ['a', 'b', 'd', 'e'];
  expect(dependencyOf({ kind: 'predict', needs }, jobs)).toBe('afterok:17:18_1:19');
  expect(dependencyOf({ kind: 'report', needs }, jobs)).toBe('afterany:17:18_1:19');
  expect(dependencyOf({ kind: 'predict', needs: ['z'] }, jobs)).toBeUndefined();
});

it('a word of the shell stays one', () => {
  expect(['/a/b.c', "it's $HOME", ''].map(quoted)).toEqual(['/a/b.c', `'it'\\''s $HOME'`, "''"]);
});
