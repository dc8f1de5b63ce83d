import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { inputError } from '../base/index.js';
import type { ExperimentContext } from './context.js';
import { pretrainSelfSupervised, pretrainSupervised } from './pretrain.js';
import type { InitializationSummary } from './result.js';
import type { Initialization } from './schema.js';

/** Where a model starts: the backbone's weights, or null for random ones. */
export interface Start {
  weights: string | null;
  /** What the weights depend on, for the keys of the parts that use them. */
  key: string;
  summary: InitializationSummary;
}

/** Makes the weights of an initialization, or finds them. */
export async function makeStart(context: ExperimentContext, start: Initialization): Promise<Start> {
  const { name } = start;
  if (start.from === 'random') {
    return { weights: null, key: 'random', summary: { name, kind: 'random', description: 'random weights' } };
  }
  if (start.from === 'weights') {
    const weights = resolve(context.dataRoot, start.file);
    return {
      weights,
      key: await fileKey(weights),
      summary: { name, kind: 'weights', description: `published or own weights (${start.file})` },
    };
  }
  const { part, summary } =
    start.from === 'ssl' ? await pretrainSelfSupervised(context, start) : await pretrainSupervised(context, start);
  return { weights: join(part.folder, 'backbone.safetensors'), key: part.key, summary };
}

/** Changes with the file's content. */
async function fileKey(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    const found = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : String(error);
    throw inputError({ what: path, found, expected: 'a safetensors file', fix: 'Check "file" of the initialization.' });
  }
  return hash.digest('hex');
}
