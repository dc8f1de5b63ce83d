import type { Command } from 'commander';
import { describeNetwork, type Inspection, inspectWeights, type WeightsNetwork } from '../../../src/models/index.js';
import { integer } from '../../options.js';
import { note, print, printJson, table } from '../../output.js';

interface InspectFlags {
  heads?: number;
  all?: true;
  json?: true;
}

/** How many names of each kind people see; --all and --json hold them all. */
const SHOWN = 8;

export function register(weights: Command): void {
  weights
    .command('inspect')
    .description('what a weights file holds: its network, names, types, input statistics, and what would be left out')
    .argument('<what>', 'a file, a folder with one, or published weights by name')
    .option('--heads <n>', 'attention heads, where the file does not tell', integer(1, 1024))
    .option('--all', 'list every tensor with its type and shape')
    .option('--json', 'print one JSON document on standard output')
    .addHelpText(
      'after',
      `
Nothing is loaded but names and shapes, and nothing in the file is run.

Exit codes: 0 hilum has this network; 2 it does not (what is inside is shown all the same), or the file cannot be read.

Examples:
  hilum weights inspect dinov2_vitb14_pretrain.pth
  hilum weights inspect dinov2-base --all
  hilum weights inspect runs/compare/parts/1 --json`,
    )
    .action(inspect);
}

function inspect(what: string, { heads, all, json }: InspectFlags): void {
  const inspection = inspectWeights(what, heads === undefined ? {} : { hints: { heads } });
  if (json) printJson(inspection);
  else print(described(inspection, all ?? false));
  if (inspection.network) return;
  note(`error: ${inspection.reason}`);
  process.exitCode = 2;
}

function described(inspection: Inspection, all: boolean): string {
  const { path, files, format, bytes, metadata, network, entries } = inspection;
  const others = files.length > 1 ? [['', `${files.length} files`]] : [];
  const values = entries.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  const types = new Map<string, number>();
  for (const { dtype } of entries) types.set(dtype, (types.get(dtype) ?? 0) + 1);
  const rows = [
    ['file', path],
    ...others,
    ['format', `${format}, ${(bytes / 1e6).toLocaleString('en-US', { maximumFractionDigits: 1 })} MB`],
    ...(network ? networkRows(network, all) : [['network', 'none that hilum has']]),
    ['tensors', `${entries.length} with ${values.toLocaleString('en-US')} values`],
    ['types', [...types].map(([dtype, count]) => `${count} ${dtype}`).join(', ')],
    ...Object.entries(metadata)
      .filter(([key]) => !(network && key === 'model')) // is the network's config
      .map(([key, value], i) => [i === 0 ? 'metadata' : '', `${key}: ${value}`]),
  ];
  const width = Math.max(...rows.map(([label]) => label!.length));
  const lines = rows.map(([label, text]) => `${label!.padEnd(width)}  ${text}`.trimEnd());
  return [...lines, ...(all || !network ? ['', tensors(inspection, all)] : [])].join('\n');
}

function networkRows({ naming, published, place, config, input, ...rest }: WeightsNetwork, all: boolean): string[][] {
  const { input: _, dropPath: __, ...numbers } = config as typeof config & Record<string, unknown>;
  const details = Object.entries(numbers).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  const list = (label: string, names: string[]) => (names.length > 0 ? [[label, shortened(names, all)]] : []);
  return [
    ['names', naming],
    ...(published ? [['published', published]] : []),
    ...(place ? [['place', place]] : []),
    ['network', describeNetwork(config)],
    ['', details.join(', ')],
    ['parameters', rest.parameters.toLocaleString('en-US')],
    ['input', inputText(input)],
    ...list('left out', rest.heads),
    ...list('missing', rest.missing),
    ...list('unknown', rest.unknown),
  ];
}

function inputText({ statistics, source, size, interpolation, crop }: WeightsNetwork['input']): string {
  if (statistics === undefined) return 'unknown: say it in the experiment (model.input), or with --input';
  const list = (values: readonly number[]) => values.join(', ');
  const normalized = statistics
    ? `mean ${list(statistics.mean)}, std ${list(statistics.std)}`
    : 'values 0..1 as they are';
  const image = [size && `${size} px`, interpolation, crop && crop !== 1 && `crop ${crop}`].filter(Boolean).join(', ');
  return `${normalized}${image ? `; ${image}` : ''} (from ${source})`;
}

function shortened(names: string[], all: boolean): string {
  if (all || names.length <= SHOWN) return names.join(', ');
  return `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more (--all lists them)`;
}

function tensors({ entries }: Inspection, all: boolean): string {
  const shown = all ? entries : entries.slice(0, 4 * SHOWN);
  const rows = shown.map(({ name, dtype, shape }) => [name, dtype, `[${shape.join(', ')}]`]);
  const more = entries.length > shown.length ? `and ${entries.length - shown.length} more (--all lists them)\n` : '';
  return `${table([['tensor', 'type', 'shape'], ...rows])}${more}`;
}
