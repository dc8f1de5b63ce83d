import type { Demand } from './scheduler.js';

/** A piece of work of a graph, as a simulation of its run sees it. */
export interface ScheduledTask {
  id: string;
  needs: readonly string[];
  demand: Demand;
  /** From its start to its end, with its cores. */
  seconds: number;
}

/**
 * When each task of a graph starts, seconds from now, and how long all take: list scheduling (Graham, 1966) by the rule
 * of `Scheduler`, first come first served within cores and memory (bytes). Needs that are not among the tasks count as
 * finished.
 */
export function schedule(
  tasks: readonly ScheduledTask[],
  { threads: cores, memory = Number.POSITIVE_INFINITY }: Demand,
): { seconds: number; starts: Map<string, number> } {
  const waiting = new Map(tasks.map((task) => [task.id, new Set<string>()]));
  const users = new Map<string, ScheduledTask[]>();
  for (const task of tasks) {
    for (const need of task.needs) {
      if (!waiting.has(need)) continue;
      waiting.get(task.id)!.add(need);
      users.set(need, [...(users.get(need) ?? []), task]);
    }
  }
  const queue = tasks.filter(({ id }) => waiting.get(id)!.size === 0);
  const starts = new Map<string, number>();
  const running: { task: ScheduledTask; end: number }[] = [];
  const demandOf = ({ demand }: ScheduledTask) => ({
    threads: Math.min(demand.threads, cores),
    memory: Math.min(demand.memory ?? 0, memory),
  });
  let now = 0;
  for (;;) {
    for (let first = queue[0]; first; first = queue[0]) {
      const busy = running.map(({ task }) => demandOf(task));
      const needed = demandOf(first);
      const threads = busy.reduce((sum, it) => sum + it.threads, needed.threads);
      const bytes = busy.reduce((sum, it) => sum + it.memory, needed.memory);
      if (running.length > 0 && (threads > cores || bytes > memory)) break;
      queue.shift();
      starts.set(first.id, now);
      running.push({ task: first, end: now + first.seconds });
    }
    if (running.length === 0) return { seconds: now, starts };
    now = Math.min(...running.map(({ end }) => end));
    for (const done of running.filter(({ end }) => end === now)) {
      running.splice(running.indexOf(done), 1);
      for (const user of users.get(done.task.id) ?? []) {
        const left = waiting.get(user.id)!;
        left.delete(done.task.id);
        if (left.size === 0) queue.push(user);
      }
    }
  }
}
