import { expect, it } from 'vitest';
import { experiment, phantoms, random } from '../../../test/tiny-experiment.js';
import { checkExperiment } from '../config/config.js';
import { ExperimentContext } from './context.js';

const silent = { start: () => ({ update: () => {}, end: () => {} }), print: () => {} };

/** Threads of the nodes, and what their work takes of eight cores. */
function taken(device: string) {
  const document = experiment([random], (it) => {
    Object.assign(it, { device, externalValidation: true });
    it.datasets.push({ ...phantoms, name: 'second' });
    it.finetuning.threads = 2;
  });
  const config = checkExperiment(document, 'test');
  const context = new ExperimentContext({ config, dataRoot: '/', folder: '/nowhere', progress: silent, cores: 8 });
  const trained = context.graph.filter(({ kind }) => kind === 'finetuning' || kind === 'external');
  expect(trained).toHaveLength(4);
  const tests = context.graph.filter(({ kind }) => kind === 'test');
  return {
    nodes: trained.map(({ threads }) => threads),
    tests: tests.map(({ threads }) => threads),
    demands: trained.map(({ id, threads }) => context.demand(id, threads, () => 7)),
  };
}

it('a GPU works on one part at a time; a processor on as many as it has cores for', () => {
  const cpu = taken('cpu');
  expect(cpu.nodes).toEqual([2, 2, 2, 2]);
  expect(cpu.demands).toEqual(Array(4).fill({ threads: 2, memory: 7 }));
  const gpu = taken('cuda');
  expect(gpu.nodes).toEqual([0, 0, 0, 0]);
  expect(gpu.demands).toEqual(Array(4).fill({ threads: 8, memory: 0 }));
  expect(gpu.tests).toEqual(cpu.tests);
});
