import { expect, it } from 'vitest';
import { exampleResult } from './fixtures/result.js';
import { methods } from './methods.js';

it('the methods say which start was not fine-tuned on which data set, and leave out what was tested on alone', () => {
  const result = exampleResult();
  const names = result.datasets.map(({ name }) => name);
  expect(methods(result)[0]).toMatch(`${names[0]} (`);
  expect(methods(result)[0]).not.toMatch('not on');
  const [start] = result.initializations;
  const cells = result.cells.filter((it) => it.initialization !== start!.name || it.dataset !== names[0]);
  const external = { ...structuredClone(result.datasets[0]!), name: 'elsewhere' };
  const text = methods({ ...result, cells, datasets: [...result.datasets, external] })[0];
  expect(text).toMatch(new RegExp(`, but ${start!.name} not on ${names[0]}\\. Training`));
  expect(text).not.toContain('elsewhere');
});
