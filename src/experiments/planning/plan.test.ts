/** A plan, parts that are run alone, and the status of them, in one small experiment. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Document, experiment, phantoms, random } from '../../../test/tiny-experiment.js';
import { InputError } from '../../base/index.js';
import { writePhantomSet } from '../../phantoms/index.js';
import { checkExperiment } from '../config/config.js';
import { runNodes } from '../experiment.js';
import { requireNoOtherHost } from '../parts/running.js';
import { experimentStatus } from '../status.js';
import { planExperiment } from './plan.js';

vi.setConfig({ testTimeout: 180_000 });

const dataRoot = mkdtempSync(join(tmpdir(), 'hilum-plan-'));
beforeAll(() => writePhantomSet(join(dataRoot, 'radiographs'), { images: 40, size: 32, seed: 1 }));
afterAll(() => rmSync(dataRoot, { recursive: true }));

const progress = { start: () => ({ update: () => {}, end: () => {} }), print: () => {} };
const folder = join(dataRoot, 'out');
const options = (change?: (it: Document) => void, starts: object[] = [random]) => ({
  config: checkExperiment(structuredClone(experiment(starts, change)), 'test'),
  dataRoot,
  folder,
});
const searched = options((it) => {
  Object.assign(it.finetuning, { seeds: [1, 2], learningRate: [0.001, 0.003] });
});
const run = (...only: string[]) => runNodes({ ...searched, progress, only }).done;
const states = () => Object.fromEntries(experimentStatus(folder).nodes.map(({ id, state }) => [id, state]));

const ids = {
  dataset: 'dataset/phantoms',
  slow: 'finetune/phantoms/random/seed-1/rate-0.001',
  fast: 'finetune/phantoms/random/seed-1/rate-0.003',
  other: 'finetune/phantoms/random/seed-2',
  test: 'test/phantoms',
};

describe('a plan', () => {
  it('names everything that an experiment cannot run with, at once', async () => {
    const bad = options((it) => {
      it.datasets = [
        { ...phantoms, findings: ['Hernia'] },
        { ...phantoms, name: 'absent', root: 'nowhere' },
      ];
      it.initializations.push({ name: 'file', from: 'weights', file: 'absent.safetensors' });
    });
    const error = await planExperiment({ ...bad, probe: false }).catch((error) => error);
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toMatch(/absent\.safetensors/);
    expect(error.message).toMatch(/nowhere/);
    expect(error.message).toMatch(/phantoms: .*Hernia/);
    expect(error.message.split('\n')).toHaveLength(3);
  });

  it.each<[string, (it: Document) => void, RegExp]>([
    ['a batch larger than the training split', (it) => (it.finetuning.batchSize = 500), /finetuning\.batchSize.*500/],
    ['patches that do not fit the size', (it) => (it.model.imageSize = 36), /multiple of patchSize/],
    [
      'a network larger than the machine',
      (it) => (it.model = { size: 'giant', imageSize: 4088, patchSize: 14 }),
      /GiB/,
    ],
    ['a device that is not there', (it) => (it.device = 'cuda:7'), /cuda:7/],
  ])('refuses %s', async (_, change, message) => {
    await expect(planExperiment({ ...options(change), probe: false })).rejects.toThrow(message);
  });

  it('measures what is not finished, and says how long it takes on so many cores', async () => {
    const { nodes, secondsLeft, secondsOfWork, disk } = await planExperiment({ ...searched, cores: 2 });
    expect(nodes.map(({ id }) => id)).toEqual(Object.values(ids));
    expect(nodes.every(({ finished }) => !finished)).toBe(true);
    const tune = nodes.find(({ id }) => id === ids.other)!;
    expect(tune.needs).toEqual([ids.dataset, ids.slow, ids.fast]);
    expect(tune.seconds).toBeGreaterThan(0);
    expect(tune.memory).toBeGreaterThan(2 ** 26);
    expect(secondsLeft).toBeLessThan(secondsOfWork!);
    expect(disk.needed).toBeLessThan(disk.free);
  });
});

describe('parts that are run alone', () => {
  it('need what they need, run beside others, and are found by plan and status', async () => {
    await expect(run(ids.slow)).rejects.toThrow(/not finished: dataset\/phantoms/);
    await expect(() => run(ids.test)).toThrow(/tests are made with the report/);
    await expect(() => run('finetune/phantoms/random/seed-3')).toThrow(
      /Did you mean finetune\/phantoms\/random\/seed-2/,
    );
    await run(ids.dataset);
    const [first, second] = await Promise.allSettled([run(ids.slow), run(ids.slow, ids.fast)]);
    // Whoever was later is refused, where the part was not finished by then.
    expect([first.status, second.status]).toContain('fulfilled');
    await run(ids.slow, ids.fast);
    expect(states()).toEqual({
      [ids.dataset]: 'finished',
      [ids.slow]: 'finished',
      [ids.fast]: 'finished',
      [ids.other]: 'waiting',
      [ids.test]: 'waiting',
    });
    const { nodes } = await planExperiment({ ...searched, probe: false });
    expect(nodes.filter(({ finished }) => finished).map(({ id }) => id)).toEqual([ids.dataset, ids.slow, ids.fast]);
    await run(ids.other);
    const records = readdirSync(join(folder, 'nodes')).map((name) =>
      JSON.parse(readFileSync(join(folder, 'nodes', name), 'utf8')),
    );
    const parts = records.flatMap((record) => record.parts as string[]);
    expect(parts.toSorted()).toEqual(
      readdirSync(join(folder, 'parts'))
        .map((name) => `parts/${name}`)
        .toSorted(),
    );
    expect(readdirSync(folder)).not.toContain('result.json');
  });

  it('say what became of a process that is gone, and of one that failed', () => {
    const part = readdirSync(join(folder, 'parts')).find((name) => name.includes('seed-2'))!;
    rmSync(join(folder, 'parts', part, 'result.json'));
    expect(states()[ids.other]).toBe('waiting');
    const host = JSON.parse(JSON.stringify({ pid: 2 ** 30, host: 'elsewhere', startedAt: 0, updatedAt: Date.now() }));
    const write = (status: object) =>
      writeFileSync(
        join(folder, 'parts', part, 'status.json'),
        JSON.stringify({ state: 'running', ...host, ...status }),
      );
    const line = { done: 8, total: 32, unit: 'images', rate: 2, secondsLeft: 12 };
    write({ progress: line });
    const { nodes, counts, secondsLeft } = experimentStatus(folder);
    expect(nodes.find(({ id }) => id === ids.other)).toMatchObject({ state: 'running', progress: line });
    expect(counts).toMatchObject({ running: 1, finished: 3, waiting: 1 });
    expect(secondsLeft).toBeGreaterThan(0);
    write({ updatedAt: Date.now() - 600_000 });
    expect(states()[ids.other]).toBe('interrupted');
    write({ state: 'failed', error: 'found a loss of NaN' });
    expect(experimentStatus(folder).nodes.find(({ id }) => id === ids.other)).toMatchObject({
      state: 'failed',
      error: 'found a loss of NaN',
    });
  });

  it('belong to the process of another machine that is alive, and not to one that went silent', async () => {
    const path = join(dataRoot, 'status.json');
    const write = () => {
      const status = { state: 'running', pid: 1, host: 'elsewhere', startedAt: 0, updatedAt: Date.now() };
      writeFileSync(path, JSON.stringify(status));
    };
    write();
    await requireNoOtherHost(path, 300);
    const beating = setInterval(write, 50);
    await expect(requireNoOtherHost(path, 3000)).rejects.toThrow(/process 1 on elsewhere works on it/);
    clearInterval(beating);
  });

  it('count as waiting once the configuration asks for others', () => {
    const path = join(folder, 'config.json');
    const config = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...config, finetuning: { ...config.finetuning, epochs: 7 } }));
    expect(states()).toMatchObject({ [ids.dataset]: 'finished', [ids.slow]: 'waiting' });
  });
});
