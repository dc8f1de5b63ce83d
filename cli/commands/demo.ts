import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { contentHash, packageRoot, writeJson } from '../../src/base/index.js';
import { note, print, printJson } from '../output.js';
import { Progress } from '../progress.js';
import { runToEnd, summary } from './experiment.js';

/** Changes with anything that the drawn data depend on. */
const DATA = { radiographs: 900, pictures: 1500, size: 64, seed: 1, mildest: 0.4 };

export function register(program: Command): void {
  program
    .command('demo')
    .description(
      'the whole comparison on radiographs and pictures that hilum draws itself: no download, about 4 minutes',
    )
    .option('--out <folder>', 'where everything goes', 'demo-out')
    .option('--json', 'print the result as one JSON document on standard output')
    .addHelpText('after', '\nExamples:\n  hilum demo\n  hilum demo --out /tmp/demo')
    .action(demo);
}

async function demo({ out, json }: { out: string; json?: true }): Promise<void> {
  const { loadExperiment } = await import('../../src/experiments/index.js');
  note('hilum demo: which initialization reads drawn chest radiographs best?');
  const data = join(out, 'data');
  await drawData(data);
  const { config, dataRoot } = loadExperiment(join(packageRoot(), 'experiments', 'demo.yaml'), data);
  const { result, report } = await runToEnd(config, dataRoot, join(out, 'run'));
  if (json) printJson(result);
  else print(summary(result, report));
}

/** Draws the radiographs and pictures, unless they lie there from before. */
async function drawData(folder: string): Promise<void> {
  const stamp = join(folder, `drawn-${contentHash(DATA).slice(0, 10)}.json`);
  if (existsSync(stamp)) return;
  const { writePhantomSet, writePictureSet } = await import('../../src/phantoms/index.js');
  const { radiographs, pictures, size, seed, mildest } = DATA;
  const progress = new Progress();
  const draw = async (name: string, total: number, write: typeof writePhantomSet | typeof writePictureSet) => {
    const line = progress.start({ name: `drawing ${name}`, total, unit: 'images' });
    await write(join(folder, name), {
      images: total,
      size,
      seed,
      mildest,
      onProgress: (done: number) => line.update(done),
    });
    line.end();
  };
  await draw('radiographs', radiographs, writePhantomSet);
  await draw('pictures', pictures, writePictureSet);
  writeJson(stamp, DATA);
}
