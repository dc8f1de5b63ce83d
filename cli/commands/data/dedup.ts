import { type Command, InvalidArgumentError, Option } from 'commander';
import { writeFileAtomic } from '../../../src/base/index.js';
import {
  type DedupResult,
  deduplicate,
  duplicatesPage,
  duplicatesSummary,
  type SourceSummary,
  writeDuplicateList,
} from '../../../src/browse/index.js';
import { PICTURE_SOURCES, type PictureSourceKind } from '../../../src/datasets/index.js';
import { MOST_DISTANCE } from '../../../src/imaging/index.js';
import { stoppable } from '../../interrupt.js';
import { note, print, printJson } from '../../output.js';
import { counting, Progress, type Task } from '../../progress.js';

interface DedupFlags {
  out: string;
  against?: string[];
  distance: number | 'exact';
  kind?: PictureSourceKind;
  column?: string;
  html?: string;
  cache?: string;
  refresh?: true;
  json?: true;
}

/** Unreadable pictures that people see, and groups that a JSON document holds; the list has every group. */
const SHOWN = 10;
const IN_JSON = 100;

export function register(data: Command): void {
  data
    .command('dedup')
    .description(
      'find pictures that are there twice, or in a test set, by perceptual hash; the list serves as a filter',
    )
    .argument('<sources...>', 'folders of pictures or DICOM, tar shards, Parquet files, CIFAR-10')
    .requiredOption('--out <file>', 'the list (CSV), one row per picture of a group')
    .option('--against <sources...>', 'list the pictures that are in one of these instead, e.g. a test set')
    .addOption(
      new Option(
        '--distance <bits>',
        `bits of 64 that two hashes may differ in, 0 to ${MOST_DISTANCE}, or "exact": equal pixels`,
      )
        .default(4)
        .argParser(distance),
    )
    .addOption(new Option('--kind <kind>', 'what the sources are, where that is not plain').choices(PICTURE_SOURCES))
    .option('--column <name>', 'of Parquet: the column of images, where there are several')
    .option('--html <file>', 'the largest groups as pictures, on one page')
    .option('--cache <folder>', 'where indices and hashes are kept (default: ~/.cache/hilum/sources)')
    .option('--refresh', 'look at every file anew; otherwise folders and shards whose time of change is another')
    .option('--json', 'print one JSON document on standard output')
    .addHelpText(
      'after',
      `
Sources: a folder, searched at any depth; train-{000000..000123}.tar or "train-*.tar" (WebDataset, plain, not gzipped); Parquet with
encoded images, as Hugging Face has them. Every picture is decoded once: hashes are kept, and a stopped run goes on.

Of a group the picture with the most pixels is kept; every other one is within the distance of it. At 4 bits photographs are near
copies; from 6 on different ones come in. Radiographs look alike, two patients' may be 4 bits apart: use 0 or exact, or look at them.

In the list, action is keep, drop, or, of a test set, reference; a source takes it as a filter (exclude).

Examples:
  hilum data dedup /data/photographs --out duplicates.csv --html duplicates.html
  hilum data dedup "/data/shards/train-{000000..000123}.tar" --against /data/cifar10 --out leaked.csv
  hilum data dedup /data/nih /data/mimic --distance exact --out duplicates.csv`,
    )
    .action(dedup);
}

async function dedup(sources: string[], { out, html, json, ...flags }: DedupFlags): Promise<void> {
  const progress = new Progress();
  const tasks = new Map<string, Task>();
  const task = (name: string, unit: string, total: number, done = 0) => {
    const known = tasks.get(name) ?? progress.start({ name, unit, total, done });
    tasks.set(name, known);
    return known;
  };
  const stop = new AbortController();
  const done = deduplicate({
    ...flags,
    sources,
    signal: stop.signal,
    onIndex: (source, { done, units, pictures }) =>
      task(`indexing ${source}`, 'folders or shards', units).update(
        done,
        `${pictures.toLocaleString('en-US')} pictures`,
        units,
      ),
    onHash: (source, done, total, known) => {
      tasks.get(`indexing ${source}`)?.end();
      const line = task(`hashing ${source}`, 'pictures', total, known);
      line.update(done);
      if (done === total) line.end();
    },
    onSearch: counting(progress, { name: 'comparing', unit: 'pictures' }).onProgress,
  });
  const result = await stoppable({ done, stop: () => stop.abort() }).finally(() => progress.clear());
  writeDuplicateList(out, result);
  if (html !== undefined) {
    writeFileAtomic(html, await duplicatesPage(result, counting(progress, { name: 'drawing', unit: 'groups' })));
    note(`page: ${html}`);
  }
  for (const source of [...result.sources, ...result.against]) tell(source);
  if (json) printJson(document(result, out, html));
  else print(`${duplicatesSummary(result)}\nlist: ${out}`);
}

function tell({ source, unreadable, notes }: SourceSummary): void {
  for (const text of notes) note(`${source}: ${text}`);
  if (unreadable.length === 0) return;
  const shown = unreadable.slice(0, SHOWN).map(({ id, reason }) => `${id} (${reason})`);
  if (unreadable.length > SHOWN) shown.push(`and ${unreadable.length - SHOWN} more (--json lists all)`);
  note(`warning: ${source}: ${unreadable.length} pictures cannot be read: ${shown.join(', ')}`);
}

function document(
  { distance, sources, against, groups, dropped, identical, group }: DedupResult,
  list: string,
  page?: string,
) {
  const first = Array.from({ length: Math.min(groups, IN_JSON) }, (_, i) => group(i).map(({ image: _, ...it }) => it));
  return { distance, sources, against, groups, dropped, identical, list, page: page ?? null, firstGroups: first };
}

function distance(text: string): number | 'exact' {
  if (text === 'exact') return text;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value <= MOST_DISTANCE) return value;
  throw new InvalidArgumentError(`Expected an integer from 0 to ${MOST_DISTANCE}, or "exact".`);
}
