/** The options by which commands take weights as they are, and bring images to them. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  FEATURE_OUTPUTS,
  type FeatureOutput,
  type FrozenOptions,
  PREPROCESSINGS,
} from '../../../src/features/index.js';
import { INTERPOLATIONS, type Interpolation } from '../../../src/imaging/index.js';
import { INPUT_STATISTICS, type InputStatistics } from '../../../src/models/index.js';
import type { Precision } from '../../../src/torch/index.js';
import { integer } from '../../options.js';

/** What commander hands over. */
export interface NetworkFlags {
  size?: number;
  /** Commander takes no null for a value. */
  input?: { statistics: InputStatistics | null };
  preprocessing?: FrozenOptions['preprocessing'];
  interpolation?: Interpolation;
  output: FeatureOutput;
  layers?: number[];
  batchSize: number;
  precision: Precision;
  threads?: number;
  device: string;
}

/** What `--weights` takes, for its description. */
export const WEIGHTS_ARGUMENT =
  'a file or folder, a published name (hilum weights list), hf:ORG/NAME, or random[:SIZE[/PATCH]]';

/** Adds the options of frozen networks. `preprocessing` says what images go through unless told, for the help. */
export function addNetworkOptions(command: Command, preprocessing: string): Command {
  return command
    .option(
      '--size <pixels>',
      'side of the square input (default: what the weights are published for)',
      integer(1, 4096),
    )
    .option(
      '--input <statistics>',
      'what values 0 to 1 are normalized with: imagenet, half, none, or MEAN,MEAN,MEAN/STD,STD,STD (default: as the weights say)',
      inputStatistics,
    )
    .addOption(
      new Option(
        '--preprocessing <how>',
        `published: as the weights' own transforms; study: as the study does with radiographs (default: ${preprocessing})`,
      ).choices(PREPROCESSINGS),
    )
    .addOption(
      new Option(
        '--interpolation <kernel>',
        'kernel of resizing (default: as the weights say, else bicubic; study: lanczos)',
      ).choices(INTERPOLATIONS),
    )
    .addOption(new Option('--output <what>', 'which vector of an image').choices(FEATURE_OUTPUTS).default('class'))
    .option(
      '--layers <numbers>',
      'blocks whose vectors stand one after the other, from 1 (default: the last)',
      layerList,
    )
    .addOption(new Option('--batch-size <n>', 'images at a time').default(16).argParser(integer(1, 4096)))
    .addOption(new Option('--precision <type>', 'of matrix products').choices(['fp32', 'bf16']).default('fp32'))
    .option('--threads <n>', "processor threads of the network (default: libtorch's choice)", integer(1, 1024))
    .addOption(new Option('--device <name>', 'where the network computes: cpu, cuda, cuda:N').default('cpu'));
}

/** For a command's help. */
export const PREPROCESSING_HELP = `Preprocessing:
  published  as the transforms of published networks: colours kept (gray repeated), the shorter side resized, the centre cut
             out, with the kernel and the crop that the weights say
  study      as the study does with radiographs: gray, stretched to the square, darkest to brightest spread over 0 to 255,
             histogram equalized
Either way values 0 to 1 are then normalized with --input, or as the weights say; weights that do not say need --input.`;

/** The value of `--input`. */
export function inputStatistics(text: string): NonNullable<NetworkFlags['input']> {
  const name = text === '0..1' ? 'none' : text;
  if (Object.hasOwn(INPUT_STATISTICS, name)) {
    return { statistics: INPUT_STATISTICS[name as keyof typeof INPUT_STATISTICS] };
  }
  const [mean, std, ...rest] = text
    .split('/')
    .map((part) => part.split(',').map((word) => (word.trim() ? Number(word) : NaN)));
  const lengths = mean && std && rest.length === 0 && mean.length === std.length && [1, 3].includes(mean.length);
  if (lengths && mean.every(Number.isFinite) && std.every((value) => value > 0 && Number.isFinite(value))) {
    return { statistics: { mean, std } };
  }
  const names = Object.keys(INPUT_STATISTICS).join(', ');
  throw new InvalidArgumentError(
    `Expected one of ${names}, or means and standard deviations such as 0.5,0.5,0.5/0.2,0.2,0.2.`,
  );
}

function layerList(text: string): number[] {
  const layers = text.split(',').map((word) => (/^\s*\d+\s*$/.test(word) ? Number(word) : 0));
  if (layers.every((layer) => layer >= 1)) return layers;
  throw new InvalidArgumentError('Expected numbers of blocks from 1, such as 9,12.');
}

/** Several uses of one option as a list. */
export const collected = (text: string, before: string[] = []): string[] => [...before, text];
