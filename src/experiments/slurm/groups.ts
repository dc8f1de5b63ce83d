/** Nodes of the graph that go to Slurm together: one job array for all that are alike. Pure. */
import type { GraphNode } from '../parts/graph.js';
import type { PlannedNode } from '../planning/plan.js';
import { type JobKind, type JobRequest, jobKindOf, limitText, requestOf, type SlurmSettings } from './settings.js';

/** A node as a job has it; the key says of which form of the experiment. */
export interface JobTask {
  id: string;
  key: string;
}

/** One job: an array with a task per node, or the report with all tests. */
export interface JobGroup {
  /** Names its files: `finetune-2`. */
  name: string;
  kind: JobKind;
  /** A task's place is its index in the array. */
  tasks: readonly JobTask[];
  /** Ids of the nodes that must be finished before any of them begins, and are not. */
  needs: readonly string[];
  cores: number;
  /** MiB. */
  memory: number;
  /** As sbatch takes it; absent: the partition's own. */
  time?: string;
  request: JobRequest;
}

type Planned = Pick<PlannedNode, 'id' | 'seconds' | 'memory'>;

/** Slurm's `MaxArraySize` is 1001 unless an administrator says otherwise. */
const LARGEST_ARRAY = 1000;
/** Of what reads images and of tests, which use what there is. */
const DEFAULT_CORES = 4;
const LEAST_MIB = 2048;
/** A limit that is too short costs a wait in the queue, one that is too long little. */
const LEAST_SECONDS = 1800;

/**
 * Cuts the nodes that are to be submitted (in the graph's order, tests among them) into jobs: together go nodes of one
 * kind with the same needs, cores, memory and time. `finished` are the ids of nodes that need not be waited for.
 */
export function jobGroups(
  nodes: readonly GraphNode[],
  finished: ReadonlySet<string>,
  planned: readonly Planned[],
  settings: SlurmSettings,
  device: string,
): JobGroup[] {
  const groups = new Map<string, Omit<JobGroup, 'name'>>();
  for (const node of nodes) {
    if (node.kind === 'test') continue;
    const kind = jobKindOf[node.kind];
    const needs = node.needs.filter((id) => !finished.has(id));
    const takes = {
      ...asks([node], planned, settings, kind),
      request: withDevice(requestOf(settings, kind), kind, device),
    };
    const key = JSON.stringify([kind, needs, takes]);
    const tasks = [...(groups.get(key)?.tasks ?? []), { id: node.id, key: node.key }];
    groups.set(key, { kind, tasks, needs, ...takes });
  }
  const count = new Map<JobKind, number>();
  const named = [...groups.values()].flatMap(inArrays).map((group) => {
    const number = (count.get(group.kind) ?? 0) + 1;
    count.set(group.kind, number);
    return { name: `${group.kind}-${number}`, ...group };
  });
  const report = reportOf(nodes, finished, planned, settings, device);
  return report ? [...named, report] : named;
}

/** Tests are made with the report, by one process, after everything else. */
function reportOf(
  nodes: readonly GraphNode[],
  finished: ReadonlySet<string>,
  planned: readonly Planned[],
  settings: SlurmSettings,
  device: string,
): JobGroup | undefined {
  const tests = nodes.filter(({ kind }) => kind === 'test');
  if (tests.length === 0) return undefined;
  const needs = [...new Set(tests.flatMap((test) => test.needs))].filter((id) => !finished.has(id));
  const { memory: _, ...takes } = asks(tests, planned, settings, 'report');
  const request = withDevice(requestOf(settings, 'report'), 'report', device);
  // It predicts with every network that was trained.
  const largest = Math.max(...planned.map(({ memory }) => memory));
  const memory = memoryOf(largest, settings, request);
  const tasks = tests.map(({ id, key }) => ({ id, key }));
  return { name: 'report', kind: 'report', tasks, needs, ...takes, memory, request };
}

function asks(
  nodes: readonly GraphNode[],
  planned: readonly Planned[],
  settings: SlurmSettings,
  kind: JobKind,
): Pick<JobGroup, 'cores' | 'memory' | 'time'> {
  const request = requestOf(settings, kind);
  const plans = nodes.map(({ id }) => planned.find((it) => it.id === id));
  const seconds = plans.map((plan) => plan?.seconds ?? null);
  const known = kind !== 'report' && seconds.every((it) => it !== null);
  const time = request.time ?? (known ? timeOf(Math.max(...seconds), settings) : undefined);
  const threads = Math.max(...nodes.map((node) => (kind === 'read' || kind === 'report' ? 0 : node.threads)));
  return {
    cores: Math.max(threads, request.cores ?? (threads === 0 ? DEFAULT_CORES : 1)),
    memory: memoryOf(Math.max(...plans.map((plan) => plan?.memory ?? 0)), settings, request),
    ...(time !== undefined && { time }),
  };
}

/** In whole GiB, so that nodes that differ by little are alike. */
function memoryOf(bytes: number, { memoryFactor }: SlurmSettings, { memory }: JobRequest): number {
  if (memory !== undefined) return Math.round(memory * 1024);
  return Math.max(LEAST_MIB, Math.ceil((bytes * memoryFactor) / 2 ** 30) * 1024);
}

/** In whole half hours. */
const timeOf = (seconds: number, { timeFactor }: SlurmSettings) =>
  limitText(Math.max(1, Math.ceil((seconds * timeFactor) / LEAST_SECONDS)) * LEAST_SECONDS);

/** A GPU for what trains and tests on one. */
function withDevice(request: JobRequest, kind: JobKind, device: string): JobRequest {
  if (device === 'cpu' || kind === 'read' || request.gres !== undefined) return request;
  return { ...request, gres: 'gpu:1' };
}

function inArrays(group: Omit<JobGroup, 'name'>): Omit<JobGroup, 'name'>[] {
  const arrays = Math.ceil(group.tasks.length / LARGEST_ARRAY);
  return Array.from({ length: arrays }, (_, i) => {
    return { ...group, tasks: group.tasks.slice(i * LARGEST_ARRAY, (i + 1) * LARGEST_ARRAY) };
  });
}
