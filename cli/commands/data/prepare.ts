import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { inputError } from '../../../src/base/index.js';
import { indexRadiographs } from '../../../src/datasets/index.js';
import {
  type CacheSettings,
  describeSettings,
  INTERPOLATIONS,
  type PreparePlan,
  type PrepareResult,
  prepareCache,
} from '../../../src/imaging/index.js';
import { counted } from '../../../src/pages/index.js';
import { stoppable } from '../../interrupt.js';
import { note, print, printJson } from '../../output.js';
import { Progress } from '../../progress.js';
import { addDatasetOptions, type DatasetFlags, datasetHelp, datasetOptions } from './dataset-options.js';

interface PrepareFlags extends DatasetFlags {
  size: number[];
  out: string;
  bits: '8' | '16';
  minMax: boolean;
  equalize: boolean;
  fit: CacheSettings['fit'];
  interpolation: CacheSettings['interpolation'];
  strict?: true;
  json?: true;
}

/** How many unreadable images people see; --json holds them all. */
const SHOWN = 10;

export function register(data: Command): void {
  const command = data
    .command('prepare')
    .description('decode, preprocess and resize every image once, into a few large files that training reads');
  addDatasetOptions(command)
    .requiredOption('--size <pixels>', 'side of the squares; several separated by commas, all from one pass', sizes)
    .requiredOption('--out <folder>', 'the folder of the cache; an unfinished one is gone on with')
    .addOption(
      new Option('--bits <n>', '8: what the network sees; 16: before the intensity steps, which reading then applies')
        .choices(['8', '16'])
        .default('8'),
    )
    .option('--no-min-max', 'leave out min-max feature scaling')
    .option('--no-equalize', 'leave out histogram equalization')
    .addOption(
      new Option('--fit <how>', 'how a rectangle becomes a square')
        .choices(['stretch', 'crop', 'pad'])
        .default('stretch'),
    )
    .addOption(
      new Option('--interpolation <kernel>', 'kernel of resizing').choices(INTERPOLATIONS).default(INTERPOLATIONS[0]),
    )
    .option('--strict', 'stop at the first image that cannot be read, instead of leaving it out')
    .option('--json', 'print one JSON document on standard output')
    .addHelpText(
      'after',
      `
An experiment reads the cache where its data set says "cache: FOLDER". It may be stopped or killed at any moment: the same
command goes on. In a finished cache it prepares only images that are new or whose file has changed (size, time of change);
other settings prepare everything again.

${datasetHelp()}

Exit codes: 0 the cache is ready, perhaps without images that cannot be read; 1 it cannot be written; 2 bad usage or input;
130 stopped.

Examples:
  hilum data prepare chestxray14 --root /data/ChestXray-NIHCC --size 224 --out /fast/chestxray14
  hilum data prepare chestxray14 --root /data/ChestXray-NIHCC --size 224,336,512 --bits 16 --out /fast/chestxray14`,
    )
    .action(prepare);
}

async function prepare(name: string, flags: PrepareFlags): Promise<void> {
  const settings = settingsOf(flags);
  const dataset = indexRadiographs(name, datasetOptions(flags));
  const { description, labels, views, out: folder, strict } = flags;
  const images = [...new Map(dataset.radiographs.map(({ id, path }) => [id, { id, path }])).values()];

  const progress = new Progress();
  let line: ReturnType<Progress['start']> | undefined;
  let before = 0;
  const stop = new AbortController();
  const done = prepareCache({
    folder,
    source: { name, root: resolve(flags.root), options: { description, labels, views } },
    images,
    absent: [...new Set(dataset.rowsWithoutImage)],
    settings,
    strict,
    signal: stop.signal,
    onPlan: (plan) => {
      for (const text of describePlan(plan, settings)) note(text);
      before = plan.done;
      line = progress.start({ name: `preparing ${name}`, total: plan.total, unit: 'images', done: before });
    },
    onProgress: (count) => line?.update(before + count),
  });
  const result = await stoppable({ done, stop: () => stop.abort() }).finally(() => progress.clear());
  line?.end();
  const { ready, unreadable, absent } = result.index.images;
  if (unreadable > 0) note(`warning: ${listed(result.unreadable)}`);
  if (flags.json) printJson(document(result));
  else {
    print(
      `${folder}: ${counted(ready, 'image')} of ${name}, ${describeSettings(settings)}` +
        `${unreadable > 0 ? `; ${counted(unreadable, 'image')} cannot be read` : ''}` +
        `${absent > 0 ? `; ${counted(absent, 'row')} without image` : ''}\n` +
        `To train on it, write under the data set in the experiment file: cache: ${folder}`,
    );
  }
}

function settingsOf({ size, bits, minMax, equalize, fit, interpolation }: PrepareFlags): CacheSettings {
  if (bits === '16' && !(minMax && equalize)) {
    const what = `--bits 16 with --no-${minMax ? 'equalize' : 'min-max'}`;
    const expected = 'no intensity steps to be named: whoever reads 16 bits chooses them';
    throw inputError({ what, found: 'an intensity step left out', expected, fix: 'Leave the option out.' });
  }
  const intensity = bits === '8' ? { minMax, equalize } : null;
  return { sizes: size, channels: 1, fit, interpolation, bits: bits === '8' ? 8 : 16, intensity };
}

function describePlan({ total, done, changed, replaced }: PreparePlan, settings: CacheSettings): string[] {
  return [
    ...(replaced
      ? [`prepared before as ${replaced}; now ${describeSettings(settings)}: every image is prepared again`]
      : []),
    ...(done > 0 ? [`${counted(done, 'image')} of ${total.toLocaleString('en-US')} are there already`] : []),
    ...(changed > 0 ? [`${counted(changed, 'image')} changed since and are prepared again`] : []),
  ];
}

function listed(unreadable: PrepareResult['unreadable']): string {
  const shown = unreadable.slice(0, SHOWN).map(({ id, reason }) => `${id} (${reason})`);
  if (unreadable.length > SHOWN) shown.push(`and ${unreadable.length - SHOWN} more (--json lists all)`);
  return `${counted(unreadable.length, 'image')} cannot be read and are left out: ${shown.join(', ')}`;
}

function document({ folder, index, prepared, total, done, changed, replaced, unreadable }: PrepareResult): object {
  const { source, settings, images, shards, fingerprint, hilum } = index;
  const bytes = shards.reduce((sum, shard) => sum + shard.bytes, 0);
  return {
    folder,
    source,
    settings,
    images,
    total,
    done,
    prepared,
    changed,
    replaced,
    unreadable,
    bytes,
    fingerprint,
    hilum,
  };
}

function sizes(text: string): number[] {
  const values = text.split(',').map((word) => (/^\s*\d+\s*$/.test(word) ? Number(word) : Number.NaN));
  if (values.every((value) => value >= 1 && value <= 4096)) return [...new Set(values)].sort((a, b) => a - b);
  throw new InvalidArgumentError('Expected sides in pixels from 1 to 4096, such as 224 or 224,336.');
}
