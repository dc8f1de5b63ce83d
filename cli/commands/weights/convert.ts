import { type Command, Option } from 'commander';
import { type Conversion, convertWeights } from '../../../src/models/index.js';
import { integer } from '../../options.js';
import { note, print, printJson } from '../../output.js';
import { Progress, type Task } from '../../progress.js';
import { inputStatistics, type NetworkFlags } from './options.js';

interface ConvertFlags {
  to: string;
  out: string;
  dtype?: 'fp32' | 'fp16' | 'bf16';
  size?: number;
  heads?: number;
  input?: NetworkFlags['input'];
  allow?: string[];
  force?: true;
  json?: true;
}

const TYPES = { fp32: 'float32', fp16: 'float16', bf16: 'bfloat16' } as const;
/** Below this there is no progress to see. */
const LARGE = 100e6;

export function register(weights: Command): void {
  weights
    .command('convert')
    .description('write weights under the names of another code base, with the files that it reads beside them')
    .argument('<what>', 'a file, a folder with one (also of a finished run), or published weights by name')
    .requiredOption('--to <code>', 'whose names: dinov2, timm, transformers, torchvision, ..., or hilum')
    .requiredOption('--out <path>', 'a file (.safetensors, .pth, .pt, .bin), or a folder')
    .addOption(new Option('--dtype <type>', "how values are stored (the file's own)").choices(Object.keys(TYPES)))
    .option(
      '--size <pixels>',
      "side of the images, to bring the position embedding to (the file's own)",
      integer(1, 8192),
    )
    .option('--heads <n>', 'attention heads, where the file does not tell', integer(1, 1024))
    .option(
      '--input <statistics>',
      'what values 0 to 1 are normalized with: imagenet, half, none, or MEAN,MEAN,MEAN/STD,STD,STD (as the weights say)',
      inputStatistics,
    )
    .option('--allow <name...>', 'entries that may be missing or left over, such as "rope.*"')
    .option('--force', 'replace files that are there')
    .option('--json', 'print one JSON document on standard output')
    .addHelpText(
      'after',
      `
A file holds the weights alone. A folder is what the code base itself publishes:
  transformers   model.safetensors, config.json, preprocessor_config.json: AutoModel.from_pretrained(folder)
  timm           model.safetensors, config.json: timm.create_model("local-dir:folder", pretrained=True)
  others         model.safetensors
The DINOv2 and DINOv3 code bases read .pth files: model.load_state_dict(torch.load(file), strict=True).
A classifier that hilum trained keeps its head where the other's models have a place for it.

Exit codes: 0 done; 1 writing failed; 2 the weights cannot be read, or the code base has no such network.

Examples:
  hilum weights convert runs/compare/parts/1 --to transformers --out exported
  hilum weights convert dinov2-base --to timm --size 224 --out dinov2-base-224
  hilum weights convert backbone.safetensors --to dinov2 --out vitb14.pth
  hilum weights convert rad-dino --to hilum --dtype bf16 --out rad-dino.safetensors`,
    )
    .action(convert);
}

function convert(what: string, flags: ConvertFlags): void {
  const { to, out, dtype, size, heads, input, allow = [], force, json } = flags;
  const progress = new Progress();
  let task: Task | undefined;
  const onProgress = (bytes: number, total: number) => {
    if (total < LARGE) return;
    task ??= progress.start({ name: out, total: mega(total), unit: 'MB' });
    task.update(mega(bytes));
    if (bytes === total) task.end();
  };
  const conversion = convertWeights(what, out, {
    to,
    size,
    dtype: dtype && TYPES[dtype],
    input: input?.statistics,
    allow,
    force,
    onProgress,
    ...(heads !== undefined && { hints: { heads } }),
  });
  if (json) printJson(conversion);
  else print(described(conversion));
  for (const text of json ? [] : conversion.notes) note(`note: ${text}`);
}

function described({ load, to, dtype, entries, files }: Conversion): string {
  const lines = [
    `${load.path}: ${load.naming}${load.place ? ` (${load.place})` : ''}`,
    `to ${to}: ${entries} tensors, ${dtype}`,
    ...(load.interpolated ? [`position embedding: ${load.interpolated}`] : []),
    ...(load.initialized.length > 0 ? [`not in the file, at their start: ${load.initialized.join(', ')}`] : []),
    ...files.map(
      ({ path, bytes }) => `  ${path}  ${(bytes / 1e6).toLocaleString('en-US', { maximumFractionDigits: 1 })} MB`,
    ),
  ];
  return lines.join('\n');
}

const mega = (bytes: number) => Math.round(bytes / 1e5) / 10;
