/** Which nodes of an experiment the queue will bring to their end, and which of its jobs are of no use any more. Pure. */
import type { GraphNode } from '../parts/graph.js';
import { isAliveTask, type SlurmJob, type SubmittedTask } from './jobs.js';
import type { Needed } from './script.js';

export interface Queue {
  /** By the id of a node that is not finished and waits or runs, and whose needs are finished, wait or run too. */
  coming: Map<string, SubmittedTask>;
  /** Ids of jobs that wait for what will not come, or are to report of another form of the experiment. */
  useless: string[];
  /** Nodes in the queue of another form of the experiment. */
  foreign: SubmittedTask[];
}

/** `finished`: ids of nodes that need nothing any more. */
export function queueOf(
  graph: readonly GraphNode[],
  finished: ReadonlySet<string>,
  tasks: readonly SubmittedTask[],
): Queue {
  const alive = tasks.filter(isAliveTask);
  const of = ({ id, key }: Pick<GraphNode, 'id' | 'key'>) =>
    alive.findLast((task) => task.id === id && task.key === key);
  const coming = new Map<string, SubmittedTask>();
  for (const node of graph) {
    const task = finished.has(node.id) ? undefined : of(node);
    if (task && node.needs.every((id) => finished.has(id) || coming.has(id))) coming.set(node.id, task);
  }
  const used = new Set([...coming.values()].map(({ job }) => job));
  const current = new Set(graph.map(({ id, key }) => `${id} ${key}`));
  const isForeign = ({ id, key, kind }: SubmittedTask) => kind !== 'report' && !current.has(`${id} ${key}`);
  const ending = (task: SubmittedTask) => finished.has(task.id);
  const useless = alive.filter((task) => !isForeign(task) && !used.has(task.job) && !ending(task));
  return {
    coming,
    useless: [...new Set(useless.map(({ job }) => job))],
    foreign: alive.filter(isForeign),
  };
}

/** The jobs that what is submitted now may have to wait for. */
export function neededOf(jobs: readonly SlurmJob[], { coming }: Pick<Queue, 'coming'>): Needed[] {
  return jobs
    .map(({ job, kind, tasks }): Needed => {
      const array = kind !== 'report';
      const here = (id: string, i: number) => coming.get(id)?.job === (array ? `${job}_${i}` : job);
      return { job, array, nodes: tasks.map(({ id }, i) => (here(id, i) ? id : '')) };
    })
    .filter(({ nodes }) => nodes.some((id) => id !== ''));
}
