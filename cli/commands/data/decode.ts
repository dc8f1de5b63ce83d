import { type Command, Option } from 'commander';
import { writeNpy } from '../../../src/base/index.js';
import {
  decodeStage,
  INTERPOLATIONS,
  type Interpolation,
  radiographPreprocessing,
  STAGES,
  type Stage,
  type StageInfo,
} from '../../../src/imaging/index.js';
import { integer } from '../../options.js';
import { note, print, printJson } from '../../output.js';

interface DecodeOptions {
  out: string;
  stage: Stage;
  view: number;
  size: number;
  channels: '1' | '3';
  fit: 'stretch' | 'crop' | 'pad';
  minMax: boolean;
  equalize: boolean;
  interpolation: Interpolation;
  json?: true;
}

export function register(data: Command): void {
  const { size, channels, fit } = radiographPreprocessing;
  data
    .command('decode')
    .description('the pixels of one image file as .npy, at a stage on their way to the network')
    .argument('<file>', 'an image file')
    .requiredOption('--out <file.npy>', 'where to write the array')
    .addOption(new Option('--stage <stage>', 'which pixels').choices(STAGES).default('display'))
    .addOption(
      new Option('--view <n>', "which of a DICOM file's VOI LUTs or windows, from 1").default(1).argParser(integer(1)),
    )
    .addOption(new Option('--size <pixels>', 'network: side of the square').default(size).argParser(integer(1, 4096)))
    .addOption(new Option('--channels <n>', 'network: channels').choices(['1', '3']).default(String(channels)))
    .addOption(new Option('--fit <way>', 'network: to the square').choices(['stretch', 'crop', 'pad']).default(fit))
    .addOption(
      new Option('--interpolation <kernel>', 'network: kernel of resizing')
        .choices(INTERPOLATIONS)
        .default(INTERPOLATIONS[0]),
    )
    .option('--no-min-max', 'network: without spreading minimum to maximum over 0 to 255')
    .option('--no-equalize', 'network: without histogram equalization')
    .option('--json', 'print one JSON document on standard output')
    .addHelpText(
      'after',
      `
Stages (shape):
  stored    values as stored, sign applied, colour as RGB ([H, W] or [H, W, 3])
  modality  after DICOM's Modality LUT or rescale slope and intercept
  display   after VOI LUT or window and inversion of MONOCHROME1: dark to bright, 0 to 255 or 0 to 65535
  network   resized and preprocessed, 0 to 255 ([C, size, size])
Of files that are not DICOM the first three are the same. Of several frames the first is taken, and said.

Examples:
  hilum data decode chest.dcm --out chest.npy
  hilum data decode chest.dcm --out hu.npy --stage modality --json
  hilum data decode chest.png --out x.npy --stage network --size 512 --no-equalize --fit pad`,
    )
    .action(decode);
}

async function decode(file: string, options: DecodeOptions): Promise<void> {
  const { out, stage, view, size, channels, fit, minMax, equalize, interpolation, json } = options;
  const preprocessing = { size, channels: Number(channels) as 1 | 3, fit, minMax, equalize, interpolation };
  const { shape, dtype, data, info } = await decodeStage(file, stage, { view: view - 1, preprocessing });
  writeNpy(out, { shape, data });
  if (json) printJson({ file, out, stage, shape, dtype, info });
  else {
    print(`${out}: ${stage} pixels, ${dtype} [${shape.join(', ')}]\n${described(info)}`);
    for (const text of info.notes) note(`note: ${text}`);
  }
}

function described({ format, dicom }: StageInfo): string {
  if (!dicom) return format;
  const { transferSyntax, photometricInterpretation, bitsStored, signed, modality, voi } = dicom;
  const lines = [
    `${format}, ${transferSyntax.name}, ${photometricInterpretation}, ${bitsStored} bits${signed ? ' with sign' : ''}`,
  ];
  if (modality) lines.push(`modality: ${JSON.stringify(modality)}`);
  if (voi) lines.push(`VOI: ${JSON.stringify(voi)}`);
  return lines.join('\n');
}
