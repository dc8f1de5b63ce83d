import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { HilumError, inputError, messageOf } from '../src/base/index.js';
import { type Benchmark, type BenchmarkRow, positiveInteger } from './harness.js';

const USAGE = `Usage: npm run bench -- NAME... [--json] [--rounds N] [--seconds N] [--threads N]

  --json       print the rows as one JSON document on standard output
  --rounds N   measured rounds per side at most (5)
  --seconds N  after this time a row begins no further round, once it has two (300)
  --threads N  threads for each side (the number of cores)
`;

const say = (text: string) => process.stderr.write(`${text}\n`);

async function load(name: string): Promise<Benchmark> {
  const module = await import(new URL(`./${name}.bench.js`, import.meta.url).href);
  if (typeof module.description !== 'string' || typeof module.run !== 'function') {
    throw new HilumError(`bench/${name}.bench.ts: expected the exports description and run`);
  }
  return module as Benchmark;
}

function benchmarkNames(): string[] {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.bench.js'));
  return files.map((file) => file.replace('.bench.js', '')).sort();
}

/** The rows for people: each figure with the smallest and largest round. */
function formatRows(rows: BenchmarkRow[]): string {
  const figure = (value: number) => (Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(4));
  const side = (value: number, [low, high]: [number, number]) => `${figure(value)} (${figure(low)} to ${figure(high)})`;
  const lines = rows.map((row) => [
    row.name,
    `${side(row.ours, row.spread.ours)} ${row.unit}`,
    row.peer === null ? '' : `${row.peerName}: ${side(row.peer, row.spread.peer!)} ${row.unit}`,
    row.ratio === null ? '' : `ratio ${row.ratio.toFixed(3)}`,
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function formatSurroundings({ machine, versions }: BenchmarkRow): string {
  const { cpu, cores, memoryGiB, load, gpu } = machine;
  const listed = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, load ${load}${gpu ? `, ${gpu}` : ''}\n${listed.join(', ')}`;
}

async function usage(names: string[]): Promise<string> {
  let text = `${USAGE}\nBenchmarks, with their own flags:\n`;
  for (const name of names) {
    const { description, flags = {} } = await load(name);
    text += `  ${name.padEnd(12)} ${description}\n`;
    for (const [flag, { help, default: value }] of Object.entries(flags)) {
      text += `    --${flag.padEnd(14)} ${help} (${value})\n`;
    }
  }
  return text;
}

async function main(): Promise<void> {
  const names = benchmarkNames();
  const named = new Map<string, Benchmark>();
  for (const name of process.argv.slice(2).filter((word) => names.includes(word))) named.set(name, await load(name));
  const own = [...named.values()].flatMap(({ flags = {} }) => Object.entries(flags));
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      ...Object.fromEntries(own.map(([name, flag]) => [name, { type: 'string' as const, default: flag.default }])),
      json: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '300' },
      threads: { type: 'string', default: String(availableParallelism()) },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help || positionals.length === 0) {
    process.stdout.write(await usage(names));
    return;
  }
  const unknown = positionals.find((name) => !names.includes(name));
  if (unknown)
    throw inputError({ what: 'benchmark', found: unknown, expected: `one of ${names.join(', ') || 'none yet'}` });
  const given = values as Record<string, unknown>;
  const options = {
    rounds: positiveInteger('rounds', values.rounds),
    seconds: positiveInteger('seconds', values.seconds),
    threads: positiveInteger('threads', values.threads),
    flags: Object.fromEntries(own.map(([name]) => [name, String(given[name])])),
    say,
  };
  const rows: BenchmarkRow[] = [];
  for (const name of positionals) rows.push(...(await named.get(name)!.run(options)));
  if (values.json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  else process.stdout.write(`${formatRows(rows)}\n\n${rows[0] ? formatSurroundings(rows[0]) : ''}\n`);
}

try {
  await main();
} catch (error) {
  const badUsage =
    error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS');
  say(`error: ${process.env.HILUM_DEBUG === '1' ? (error as Error).stack : messageOf(error)}`);
  process.exitCode = error instanceof HilumError ? error.exitCode : badUsage ? 2 : 1;
}
