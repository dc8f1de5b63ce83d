/** A thread that measures replicates beside the one that started it. */
import { parentPort } from 'node:worker_threads';
import { measureBatches, type Replicates } from './replicate-batches.js';

parentPort!.on('message', (work: Replicates) => void measureBatches(work));
