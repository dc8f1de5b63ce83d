import type { Command } from 'commander';
import { print, printJson, table } from '../output.js';
import { Progress } from '../progress.js';

interface PredictOptions {
  run: string;
  json?: true;
}

export function register(program: Command): void {
  program
    .command('predict')
    .description('findings and probabilities of images, by a finished fine-tuning')
    .argument('<image...>', 'image files: DICOM, PNG, JPEG and the like')
    .requiredOption('--run <folder>', 'the folder of a fine-tuning: one of parts/ of an experiment')
    .option('--json', 'print one JSON document on standard output')
    .addHelpText(
      'after',
      `
Probabilities are fractions 0..1, one per finding, each on its own. Not a medical device.

Examples:
  hilum predict --run runs/demo/parts/phantoms-random-lr-0.001-seed-1-0123456789 chest.png
  hilum predict --run RUN --json images/*.png > predictions.json`,
    )
    .action(predict);
}

async function predict(images: string[], { run, json }: PredictOptions): Promise<void> {
  const { Predictor } = await import('../../src/deploy/index.js');
  const predictor = Predictor.open(run);
  const line = new Progress().start({ name: 'predicting', total: images.length, unit: 'images' });
  const probabilities = await predictor.predict(images, (done) => line.update(done));
  line.end();
  const { findings } = predictor.card;
  if (json) {
    const of = (values: Float32Array) => Object.fromEntries(findings.map((name, f) => [name, values[f]]));
    printJson(images.map((image, i) => ({ image, probabilities: of(probabilities[i]!) })));
  } else {
    const rows = images.map((image, i) => [image, ...Array.from(probabilities[i]!, (value) => value.toFixed(3))]);
    print(table([['image', ...findings], ...rows]));
  }
}
