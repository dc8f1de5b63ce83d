/** A thread that measures replicates beside the one that started it. */
import { workerData } from 'node:worker_threads';
import { measureBatches, type Replicates } from './replicates.js';

measureBatches(workerData as Replicates);
