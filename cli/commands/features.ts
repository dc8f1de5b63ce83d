import { type Command, InvalidArgumentError } from 'commander';
import type { FeatureFilesResult } from '../../src/features/index.js';
import { counted } from '../../src/pages/index.js';
import { note, print, printJson } from '../output.js';
import { counting, Progress } from '../progress.js';
import { addNetworkOptions, type NetworkFlags, PREPROCESSING_HELP, WEIGHTS_ARGUMENT } from './weights/options.js';

interface FeaturesFlags extends NetworkFlags {
  weights: string;
  out: string;
  inputOut?: string;
  strict?: true;
  json?: true;
}

/** How many unreadable images people see; --json holds them all. */
const SHOWN = 10;

export function register(program: Command): void {
  const command = program
    .command('features')
    .description('feature vectors of images by a network as it is, as .npy')
    .argument('<image...>', 'image files (DICOM, PNG, JPEG and the like), and folders of them')
    .requiredOption('--weights <which>', WEIGHTS_ARGUMENT)
    .requiredOption(
      '--out <file.npy>',
      'the vectors, float32 [N, D]; the image of each row goes beside it as .csv',
      npy,
    )
    .option('--input-out <file.npy>', "the network's input, float32 [N, C, H, W], as its first layer sees it", npy);
  addNetworkOptions(command, 'published')
    .option('--strict', 'stop at the first image that cannot be read, instead of leaving it out')
    .option('--json', 'print one JSON document on standard output')
    .addHelpText(
      'after',
      `
${PREPROCESSING_HELP}

Output:
  class             the class token; of convolutional networks the pooled vector
  patch-mean        the mean of the patch tokens
  class+patch-mean  both; with several layers the class tokens of all, then the patch mean of the last one
With --input-out anyone can repeat the forward pass in other software: the same input, the same weights, the same vectors.

Exit codes: 0 done, perhaps without images that cannot be read; 1 the job failed; 2 bad usage or input.

Examples:
  hilum features --weights dinov2-base chest.dcm --out x.npy
  hilum features --weights dinov2-base photographs/ --out x.npy --layers 9,10,11,12 --output class+patch-mean
  hilum features --weights mimicpretraining_224.pth --input none --preprocessing study images/ --out x.npy --input-out in.npy`,
    )
    .action(features);
}

async function features(images: string[], flags: FeaturesFlags): Promise<void> {
  const { writeFeatureFiles } = await import('../../src/features/index.js');
  const { weights, out, inputOut, size, input, preprocessing = 'published', interpolation, ...rest } = flags;
  const { output, layers, batchSize, precision, device, threads, strict, json } = rest;
  const progress = new Progress();
  const line = counting(progress, { name: 'features', unit: 'images' });
  const result = await writeFeatureFiles({
    weights,
    images,
    out,
    inputOut,
    threads,
    network: { size, input: input?.statistics, preprocessing, interpolation, device },
    extract: { output, layers, batchSize, precision, device, strict, ...line },
  }).finally(() => progress.clear());
  for (const text of result.notes) note(`note: ${text}`);
  if (result.unreadable.length > 0) note(`warning: ${listed(result.unreadable)}`);
  if (json) printJson(result);
  else print(format(result));
}

function format({ out, shape, csv, inputOut, inputShape, network }: FeatureFilesResult): string {
  return [
    `${out}: features, float32 [${shape.join(', ')}]; images of the rows: ${csv}`,
    ...(inputOut ? [`${inputOut}: the network's input, float32 [${inputShape!.join(', ')}]`] : []),
    `network: ${network.description}`,
  ].join('\n');
}

function listed(unreadable: FeatureFilesResult['unreadable']): string {
  const shown = unreadable.slice(0, SHOWN).map(({ name, reason }) => `${name} (${reason})`);
  if (unreadable.length > SHOWN) shown.push(`and ${unreadable.length - SHOWN} more (--json lists all)`);
  return `left out: ${counted(unreadable.length, 'image')} that cannot be read: ${shown.join(', ')}`;
}

export function npy(path: string): string {
  if (path.endsWith('.npy')) return path;
  throw new InvalidArgumentError('Expected a file name that ends in .npy.');
}
