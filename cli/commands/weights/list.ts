import type { Command } from 'commander';
import { findPublishedFile, PUBLISHED_WEIGHTS, type PublishedWeights } from '../../../src/models/index.js';
import { print, printJson, table } from '../../output.js';

export function register(weights: Command): void {
  weights
    .command('list')
    .description('the published weights that have a short name, and which of them are on this machine')
    .option('--json', 'print one JSON document on standard output, with sources, SHA-256 and input statistics')
    .addHelpText(
      'after',
      `
Other weights need no short name: hf:ORG/NAME[/FILE][@REVISION], an address, or a file.

Examples:
  hilum weights list
  hilum weights list --json > weights.json`,
    )
    .action(list);
}

function list({ json }: { json?: true }): void {
  const rows = PUBLISHED_WEIGHTS.map((published) => ({ ...published, path: findPublishedFile(published) }));
  if (json) printJson(rows);
  else print(`${table([HEADING, ...rows.map(cells)], [0, 1, 4, 5])}${counted(rows)}`);
}

const HEADING = ['name', 'here', 'parameters', 'file', 'licence', 'what'];

function cells(row: PublishedWeights & { path?: string }): string[] {
  const { name, path, parameters, headParameters, licence, gated, title } = row;
  const bytes = row.bytes ?? (parameters + headParameters) * 4;
  const size = `${row.bytes === undefined ? '~' : ''}${Math.round(bytes / 1e6).toLocaleString('en-US')} MB`;
  return [
    name,
    path ? 'yes' : '',
    `${(parameters / 1e6).toLocaleString('en-US', { maximumFractionDigits: 1, minimumFractionDigits: 1 })} M`,
    size,
    `${licence}${gated ? ', gated' : ''}`,
    title,
  ];
}

function counted(rows: { path?: string }[]): string {
  const here = rows.filter(({ path }) => path).length;
  return `\n${rows.length} published, ${here} on this machine. To fetch one: hilum weights fetch NAME\n`;
}
