import { join } from 'node:path';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { stoppable } from '../interrupt.js';
import { integer } from '../options.js';
import { note, print, printJson } from '../output.js';
import { duration, Progress } from '../progress.js';
import { collected } from './weights/options.js';

interface PretrainFlags {
  data?: string[];
  out: string;
  preset?: string;
  from?: string;
  evaluate?: string;
  epochs?: number;
  batchSize?: number;
  device?: string;
  checkpointSeconds?: number;
  showConfig?: true;
  json?: true;
}

export function register(program: Command): void {
  const pretrain = program.command('pretrain').description('pretrain a network on images without labels');
  pretrain
    .command('dinov2')
    .description('DINOv2: a student learns to see what its own average sees; goes on where an earlier run stopped')
    .argument('[config.yaml]', 'what is to be other than in the preset')
    .option(
      '--data <source>',
      'a folder of images (also DICOM), tar shards, Parquet files or CIFAR-10; several times for several',
      collected,
    )
    .option('--out <folder>', 'where everything goes', join('runs', 'dinov2'))
    .option('--preset <name>', 'small, continue or paper (default: small; with --from: continue)')
    .option('--from <weights>', 'go on from weights: a file or folder, or a published name (hilum weights list)')
    .option(
      '--evaluate <source>',
      'judges the network meanwhile: pictures in a folder per class, or radiographs with findings as chestxray14:FOLDER',
    )
    .option('--epochs <n>', 'times through the images', integer(1))
    .option('--batch-size <n>', 'images of a step', integer(2))
    .option('--device <name>', 'cpu, cuda or cuda:N')
    .option(
      '--checkpoint-seconds <n>',
      'write a checkpoint at least this often; 0 after every step (default: 120)',
      integer(0, 86400),
    )
    .option('--show-config', 'print the complete configuration in YAML, and do nothing')
    .option('--json', 'print the result as one JSON document on standard output')
    .addHelpText(
      'after',
      `
A folder of images is all that is needed. The network comes as OUT/backbone.safetensors, for experiments (from: weights),
hilum features, probe and weights convert; OUT/index.html shows the run as curves. The same command after a crash, a kill or
Ctrl-C goes on from the last checkpoint and ends with the same bits.

Examples:
  hilum pretrain dinov2 --data photos --out runs/photos
  hilum pretrain dinov2 --data dicom-folder --out runs/radiographs
  hilum pretrain dinov2 --data "shards/train-*.tar" --data parquet-folder
  hilum pretrain dinov2 --data photos --evaluate labelled
  hilum pretrain dinov2 --data radiographs --evaluate chestxray14:/data/ChestXray-NIHCC
  hilum pretrain dinov2 --data radiographs --from dinov2-small --batch-size 32
  hilum pretrain dinov2 --data photos --device cuda
  hilum pretrain dinov2 --data photos --show-config > my.yaml
  hilum pretrain dinov2 my.yaml
  hilum data dedup photos --out duplicates.csv     (then exclude: [duplicates.csv] in my.yaml)

More: docs/pretraining.md`,
    )
    .action(dinov2);
}

async function dinov2(file: string | undefined, flags: PretrainFlags): Promise<void> {
  const { loadPretraining, runPretraining, scoreText } = await import('../../src/pretraining/index.js');
  const { out: folder, checkpointSeconds, showConfig, json, ...changes } = flags;
  const config = loadPretraining(file, changes);
  if (showConfig) {
    print(stringify(config, { aliasDuplicateObjects: false }).trimEnd());
    return;
  }
  const { engineInfo } = await import('../../src/torch/index.js');
  for (const warning of engineInfo().warnings) note(`warning: ${warning}`);
  const progress = new Progress();
  const result = await stoppable(runPretraining({ config, folder, progress, checkpointSeconds })).finally(() =>
    progress.clear(),
  );
  if (json) {
    printJson(result);
    return;
  }
  const { counted } = await import('../../src/pages/index.js');
  const { seen, steps, epochs, seconds, unreadable, scores, pixels, measure } = result;
  const [first, last] = [scores[0], scores.at(-1)];
  const score = (value: number) => scoreText(measure ?? 'accuracy', value);
  print(
    [
      `${counted(seen, 'image')} in ${counted(steps, 'step')}, ${counted(epochs, 'epoch')}, ${duration(seconds)}`,
      ...(first && last && pixels
        ? [`k-NN ${score(last.knn)} (before ${score(first.knn)}, raw pixels ${score(pixels.knn)})`]
        : []),
      ...(last?.linear !== undefined ? [`linear probe ${score(last.linear)}`] : []),
      ...(unreadable.length > 0
        ? [`${counted(unreadable.length, 'image')} could not be read (result.json lists them)`]
        : []),
      `Network: ${join(folder, 'backbone.safetensors')}`,
    ].join('\n'),
  );
}
