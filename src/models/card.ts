import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { inputError, readJson, writeJson } from '../base/index.js';
import type { Preprocessing } from '../imaging/index.js';
import type { Precision } from '../torch/index.js';
import type { ModelConfig } from './config.js';

/** What the weights of a finished run are, and how images come to them: `model.json` beside `model.safetensors`. */
export interface ModelCard {
  format: 'hilum-model/1';
  model: ModelConfig;
  findings: string[];
  preprocessing: Pick<Preprocessing, 'minMax' | 'equalize' | 'fit' | 'interpolation'>;
  /** What the model was tested in. */
  precision: Precision;
  /** Whether each logit is the mean of an image's and its mirror image's, as it was tested; not, where left out. */
  testFlip?: boolean;
}

export function writeModelCard(folder: string, card: Omit<ModelCard, 'format'>): void {
  writeJson(join(folder, 'model.json'), { format: 'hilum-model/1', ...card });
}

/** Reads the card in a run's folder. Throws an InputError that names what is missing. */
export function readModelCard(folder: string): ModelCard {
  const path = join(folder, 'model.json');
  if (!existsSync(path)) {
    throw inputError({
      what: folder,
      found: 'no model.json',
      expected: 'the folder of a finished fine-tuning',
      fix: 'Name one of the folders below parts/ of an experiment.',
    });
  }
  const card = readJson<ModelCard>(path);
  if (card.format !== 'hilum-model/1') {
    throw inputError({ what: `${path}: format`, found: JSON.stringify(card.format), expected: '"hilum-model/1"' });
  }
  return card;
}
