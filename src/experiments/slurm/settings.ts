/** What a cluster wants to know of jobs: a small YAML file beside the experiment's, on which no result depends. */
import { z } from 'zod';
import { checkDocument, readYaml } from '../../documents/index.js';
import type { NodeKind } from '../parts/graph.js';

const line = z
  .string()
  .min(1)
  .max(1000)
  .regex(/^[^\r\n]*$/, 'one line');
const count = z.number().int().positive();
const factor = z.number().min(1).max(100);

/** Options that hilum gives itself. */
const OWN_OPTIONS = [
  'array',
  'chdir',
  'cpus-per-task',
  'dependency',
  'error',
  'job-name',
  'kill-on-invalid-dep',
  'mem',
  'nodes',
  'no-requeue',
  'ntasks',
  'open-mode',
  'output',
  'parsable',
  'requeue',
  'signal',
  'time',
  'wait',
];
const OWN = new RegExp(`^--(${OWN_OPTIONS.join('|')})([= ]|$)`);

const request = {
  partition: line.optional(),
  account: line.optional(),
  qos: line.optional(),
  constraint: line.optional(),
  gres: line.optional(),
  cores: count.max(1024).optional(),
  /** GiB. */
  memory: z.number().positive().optional(),
  time: z
    .string()
    .regex(/^(\d+-\d{1,2}:\d\d:\d\d|\d{1,3}:\d\d:\d\d)$/, '"HOURS:MM:SS" or "DAYS-HH:MM:SS", in quotes')
    .refine((text) => secondsOf(text) >= SHORTEST_LIMIT, 'at least "0:10:00"; what is stopped by it is queued again')
    .optional(),
  lines: z
    .array(
      line
        .regex(/^--[a-z]/, 'an option of sbatch in its long form, such as "--mail-type=FAIL"')
        .refine((text) => !OWN.test(text), 'an option that hilum does not give itself'),
    )
    .optional(),
};

const section = z.strictObject(request).prefault({});

const slurmSchema = z.strictObject({
  ...request,
  read: section,
  pretrain: section,
  finetune: section,
  predict: section,
  report: section,
  timeFactor: factor.default(2),
  memoryFactor: factor.default(1.25),
  atOnce: count.optional(),
  requeues: z.number().int().min(0).max(1000).default(20),
  setup: z.array(line).default([]),
  hilum: line.optional(),
});

export type SlurmSettings = z.infer<typeof slurmSchema>;
export type JobRequest = z.infer<typeof section>;

/** Seconds; the warning before a limit comes two to three minutes ahead of it. */
export const SHORTEST_LIMIT = 600;

/** Kinds of jobs, each with a section of its own in the settings. */
export type JobKind = 'read' | 'pretrain' | 'finetune' | 'predict' | 'report';

export const jobKindOf: Record<NodeKind, JobKind> = {
  dataset: 'read',
  'pretraining data': 'read',
  pretraining: 'pretrain',
  finetuning: 'finetune',
  external: 'predict',
  test: 'report',
};

/**
 * Reads the settings of a cluster; the defaults without a file. Throws an InputError that lists every fault with file,
 * field, what was found and what was expected.
 */
export function loadSlurmSettings(path?: string): SlurmSettings {
  return path === undefined ? checkSlurmSettings({}, 'defaults') : checkSlurmSettings(readSettings(path), path);
}

const readSettings = (path: string) => readYaml(path, 'settings of a Slurm cluster in YAML');

/** Checks settings that are an object already and fills in the defaults. Throws as `loadSlurmSettings`. */
export function checkSlurmSettings(value: unknown, source: string): SlurmSettings {
  return checkDocument(slurmSchema, value, source);
}

/** What jobs of a kind ask for: what stands in its section, else at the top. */
export function requestOf(settings: SlurmSettings, kind: JobKind): JobRequest {
  const { partition, account, qos, constraint, gres, cores, memory, time, lines } = settings;
  return { partition, account, qos, constraint, gres, cores, memory, time, lines, ...settings[kind] };
}

/** Seconds of `HOURS:MM:SS` or `DAYS-HH:MM:SS`. */
function secondsOf(limit: string): number {
  const [days, clock] = limit.includes('-') ? limit.split('-') : ['0', limit];
  const [hours, minutes, seconds] = clock!.split(':').map(Number);
  return ((Number(days) * 24 + hours!) * 60 + minutes!) * 60 + seconds!;
}

/** As sbatch takes it. */
export function limitText(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60)];
  const clock = [hours, minutes % 60, 0].map((part) => `${part}`.padStart(2, '0')).join(':');
  return days > 0 ? `${days}-${clock}` : clock;
}
