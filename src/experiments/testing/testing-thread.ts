/** The testing thread: does one test and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { packError } from '../../base/index.js';
import { runTest, type TestingInput } from './run-test.js';
import type { TestingOutput } from './testing.js';

const send = (output: TestingOutput) => parentPort!.postMessage(output);

try {
  send({ tested: runTest(workerData as TestingInput, () => send({ redrawn: true })) });
} catch (error) {
  send({ error: packError(error) });
}
