import { expect, it } from 'vitest';
import { experiment, random, ssl } from '../../../test/tiny-experiment.js';
import { checkExperiment } from '../config/config.js';
import { experimentGraph } from '../parts/graph.js';
import type { SlurmJob, SubmittedTask } from './jobs.js';
import { neededOf, queueOf } from './queue.js';
import { jobKindOf } from './settings.js';

const graph = experimentGraph(
  checkExperiment(structuredClone(experiment([random, ssl], (it) => (it.finetuning.seeds = [1, 2]))), 'test'),
);

/** Every node in a job of its own, in the given states, and one report. */
function tasksIn(states: Record<string, string>, reason = 'None'): SubmittedTask[] {
  return graph.map(({ id, key, kind }, i): SubmittedTask => {
    const job = kind === 'test' ? '99' : `${i}_0`;
    const entry = { name: 'tiny', state: states[id] ?? 'PENDING', reason: id in states ? reason : 'Dependency' };
    return { id, key, kind: jobKindOf[kind], job, log: '', entry };
  });
}

const comingOf = (tasks: SubmittedTask[], finished: string[] = []) => {
  const { coming, ...rest } = queueOf(graph, new Set(finished), tasks);
  return { coming: [...coming.keys()], ...rest };
};

it('what waits for what runs will come', () => {
  const all = comingOf(tasksIn({ 'dataset/phantoms': 'RUNNING' }));
  expect(all).toEqual({ coming: graph.map(({ id }) => id), useless: [], foreign: [] });
});

it('what waits for what failed will not, nor the report, and both are to be cancelled', () => {
  const { coming, useless } = comingOf(tasksIn({ 'pretrain/ssl/seed-1': 'FAILED' }), ['dataset/phantoms', 'data/ssl']);
  expect(coming).toEqual(['finetune/phantoms/random/seed-1', 'finetune/phantoms/random/seed-2']);
  const stale = graph.flatMap(({ id }, i) => (id.startsWith('finetune/phantoms/ssl') ? [`${i}_0`] : []));
  expect(useless).toEqual([...stale, '99']);
});

it('what Slurm has forgotten, or will never begin, does not come', () => {
  const never = comingOf(tasksIn({ 'dataset/phantoms': 'PENDING' }, 'DependencyNeverSatisfied'));
  expect(never.coming).toEqual(['data/ssl', 'pretrain/ssl/seed-1']);
  const forgotten = tasksIn({}).map(({ entry: _, ...task }) => task);
  expect(comingOf(forgotten)).toEqual({ coming: [], useless: [], foreign: [] });
});

it('parts of another form of the experiment are told apart; its report is to be cancelled', () => {
  const tasks = tasksIn({}).map((task) => (/seed-2|test/.test(task.id) ? { ...task, key: 'another' } : task));
  const { coming, useless, foreign } = comingOf(tasks);
  expect(foreign.map(({ id }) => id)).toEqual([
    'finetune/phantoms/random/seed-2',
    'finetune/phantoms/ssl/pretraining-1/seed-2',
  ]);
  expect(useless).toEqual(['99']);
  expect(coming).toHaveLength(graph.length - 3);
});

it('new jobs wait for the tasks that will come alone', () => {
  const jobs = [
    { job: '7', kind: 'finetune', tasks: [{ id: 'a' }, { id: 'b' }] },
    { job: '8', kind: 'finetune', tasks: [{ id: 'a' }] },
    { job: '9', kind: 'report', tasks: [{ id: 'test' }] },
  ] as unknown as SlurmJob[];
  const coming = new Map([
    ['a', { job: '8_0' }],
    ['b', { job: '7_1' }],
  ]) as unknown as Map<string, SubmittedTask>;
  expect(neededOf(jobs, { coming })).toEqual([
    { job: '7', array: true, nodes: ['', 'b'] },
    { job: '8', array: true, nodes: ['a'] },
  ]);
});
