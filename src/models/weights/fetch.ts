/** Published weights by name: found in the caches that Python shares, or fetched into them. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { inputError, readJson } from '../../base/index.js';
import {
  type FetchOptions,
  fetchFile,
  findFile,
  findSnapshot,
  type HubReference,
  listHubFiles,
  parseSource,
  type Source,
  type UrlFile,
} from '../../hub/index.js';
import { findPublished, type PublishedWeights, unknownName } from './published.js';

/** Weights on this machine. */
export interface LocatedWeights {
  /** The weights file, or the index of its parts; files that describe it lie beside it. */
  path: string;
  /** The row of the table, where it was named by a short name. */
  published?: PublishedWeights;
}

/** What a repository may keep its weights in, the preferred first. */
const WEIGHTS = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
] as const;

/** What describes weights, beside them. */
const BESIDE = ['config.json', 'preprocessor_config.json'];

/**
 * The weights that a text names: a file or folder, a short name, `hf:ORG/NAME[/FILE][@REVISION]`, or an address. Looks
 * on this machine only; throws an InputError that says how to fetch what is not there, or which names are written alike.
 */
export function locateWeights(text: string): LocatedWeights {
  const published = findPublished(text);
  const source = published ?? parseSource(text);
  if (!source || (published && existsSync(text))) {
    if (existsSync(text)) return { path: text };
    throw unknownName(text);
  }
  const path = published ? findPublishedFile(published) : findReference(source as HubReference | UrlFile);
  if (path) return { path, published };
  throw inputError({
    what: text,
    found: 'nothing of it on this machine',
    expected: 'weights that have been fetched',
    fix: `Run: hilum weights fetch ${text}`,
  });
}

/** Where a published checkpoint is on this machine; undefined where it, or what describes it, was not fetched. */
export function findPublishedFile({ sources }: PublishedWeights): string | undefined {
  const paths = sources.map(findFile);
  return paths.every((path) => path !== undefined) ? paths[0] : undefined;
}

export interface FetchWeightsOptions extends Omit<FetchOptions, 'onProgress'> {
  /** Branch, tag or commit, in place of the table's or the text's. */
  revision?: string;
  /** Called as a file arrives: bytes on disk, of how many. */
  onProgress?(file: string, done: number, total: number): void;
}

/**
 * Fetches the weights that a text names (a short name, `hf:ORG/NAME[/FILE][@REVISION]`, an address) and what describes them,
 * as far as they are not there. Throws an InputError for an unknown name, and as `fetchFile`.
 */
export async function fetchWeights(text: string, options: FetchWeightsOptions = {}): Promise<LocatedWeights> {
  const { revision, onProgress, signal, patience } = options;
  const published = findPublished(text);
  const named = published ? undefined : parseSource(text);
  if (!published && !named) throw existsSync(text) ? alreadyHere(text) : unknownName(text);
  if (revision && Object.hasOwn((published?.sources[0] ?? named)!, 'url')) throw noRevisions(text);
  const sources: readonly Source[] = published
    ? published.sources.map((source) =>
        'repo' in source && revision ? { ...source, revision, sha256: undefined } : source,
      )
    : 'url' in named!
      ? [named]
      : await filesOf({ ...named!, revision: revision ?? named!.revision }, { signal, patience });
  const paths: string[] = [];
  const fetchAll = async (list: readonly Source[]) => {
    for (const source of list) {
      const file = 'url' in source ? source.url.split('/').at(-1)!.split('?')[0]! : source.file;
      const report = onProgress && ((done: number, total: number) => onProgress(file, done, total));
      paths.push(await fetchFile(source, { signal, patience, onProgress: report }));
    }
  };
  await fetchAll(sources);
  await fetchAll(parts(sources[0]!, paths[0]!));
  return { path: paths[0]!, published };
}

/** The files of a repository that hold weights and describe them. */
async function filesOf(named: HubReference, options: FetchOptions): Promise<Source[]> {
  const { repo, file, revision } = named;
  const source = (path: string): Source => ({ repo, file: path, revision });
  const here = findReference(named);
  if (here && file === undefined) {
    const snapshot = findSnapshot(named)!;
    return [here.slice(snapshot.length + 1), ...BESIDE.filter((name) => existsSync(join(snapshot, name)))].map(source);
  }
  if (here && file !== undefined) return [source(file)];
  const { files } = await listHubFiles(named, options);
  const weights = file ?? WEIGHTS.find((name) => files.includes(name));
  if (weights) return [weights, ...BESIDE.filter((name) => name !== weights && files.includes(name))].map(source);
  throw inputError({
    what: `hf:${repo}`,
    found: `files ${files.slice(0, 12).join(', ')}${files.length > 12 ? ', …' : ''}`,
    expected: `one of ${WEIGHTS.join(', ')}`,
    fix: `Name the file: hilum weights fetch hf:${repo}/FILE`,
  });
}

/** The parts of sharded weights, which their index names. */
function parts(index: Source, path: string): Source[] {
  if ('url' in index || !index.file.endsWith('.index.json')) return [];
  const { weight_map: map } = readJson<{ weight_map?: Record<string, string> }>(path);
  const folder = index.file.slice(0, index.file.lastIndexOf('/') + 1);
  return [...new Set(Object.values(map ?? {}))].map((file) => ({ ...index, file: folder + file, sha256: undefined }));
}

/** What a reference means on this machine: the file that it names, or the weights of the snapshot. */
function findReference(named: HubReference | UrlFile): string | undefined {
  if ('url' in named) return findFile(named);
  if (named.file !== undefined) return findFile({ ...named, file: named.file });
  const snapshot = findSnapshot(named);
  const names = snapshot ? readdirSync(snapshot) : [];
  const file = WEIGHTS.find((name) => names.includes(name));
  return file && findFile({ ...named, file });
}

const alreadyHere = (path: string) =>
  inputError({ what: path, found: 'a file of this machine', expected: 'a short name, hf:ORG/NAME or an address' });

const noRevisions = (text: string) =>
  inputError({ what: '--revision', found: `${text}, which is no repository`, expected: 'weights of a hub repository' });
