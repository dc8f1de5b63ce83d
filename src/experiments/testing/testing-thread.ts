/** The testing thread: does analyses of a test and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { packError } from '../../base/index.js';
import { runAnalyses } from './run-test.js';
import type { TestingOutput, TestingWork } from './threaded-test.js';

const send = (output: TestingOutput) => parentPort!.postMessage(output);

try {
  const { input, analyses } = workerData as TestingWork;
  runAnalyses(input, analyses, {
    redrawn: () => send({ redrawn: true }),
    done: (analysis, told) => send({ analysis, told }),
  });
} catch (error) {
  send({ error: packError(error) });
}
