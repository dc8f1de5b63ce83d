/** The testing thread: does one test and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { packError } from '../base/index.js';
import { evaluateDataset, NOTHING_TRAINED } from './evaluate.js';
import { externalResults } from './external-results.js';
import { compareSettings } from './setting-comparisons.js';
import type { TestingInput, TestingOutput } from './testing.js';

const send = (output: TestingOutput) => parentPort!.postMessage(output);

try {
  const input = workerData as TestingInput;
  const { config, threads } = input;
  if (input.test === 'settings') {
    send({ tested: compareSettings(input.cells, input.dataset, config) });
  } else {
    const { dataset, cells, external } = input;
    const own =
      cells.length > 0 ? evaluateDataset(input, { threads, redrawn: () => send({ redrawn: true }) }) : NOTHING_TRAINED;
    send({ tested: { ...own, ...externalResults(dataset, external, own.cells, config) } });
  }
} catch (error) {
  send({ error: packError(error) });
}
