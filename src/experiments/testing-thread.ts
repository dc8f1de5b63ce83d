/** The testing thread: evaluates one data set and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { packError } from '../base/index.js';
import { evaluateDataset } from './evaluate.js';
import type { TestingInput, TestingOutput } from './testing.js';

const send = (output: TestingOutput) => parentPort!.postMessage(output);

try {
  const { cells, degraded, config, folder } = workerData as TestingInput;
  send({ evaluation: evaluateDataset(cells, degraded, config, folder) });
} catch (error) {
  send({ error: packError(error) });
}
