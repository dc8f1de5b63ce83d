import { existsSync } from 'node:fs';
import { HilumError, InputError, inputError, messageOf } from '../base/index.js';
import { blobPath, checkNames, findHubFile, type HubFile, link, rememberAbsence, rememberRevision } from './cache.js';
import { download, type FetchOptions } from './download.js';
import { accessToken, cacheFolder, endpoint, isOffline } from './environment.js';
import type { Asked } from './refusal.js';
import { PATIENCE, request } from './request.js';

/** What the hub says of a file, in the headers of its own answers. */
interface Described {
  commit?: string;
  /** SHA-256 of a large file's content, git's object id of others. */
  etag?: string;
  size: number;
}

/**
 * A file of the hub in the cache of Python's huggingface_hub: from there where it is, else fetched.
 * The library's own `downloadFileToCacheDir` is not used: it names snapshots by the commit that last changed the file
 * and writes no refs, so that Python does not find them, and neither goes on with a part nor checks the content.
 * @returns the path in the snapshot of the revision.
 * @throws InputError where it cannot be had (no such file, gated, offline, disk full); HilumError where the network or
 *   the content fails; Interrupted.
 */
export async function fetchHubFile(source: HubFile, options: FetchOptions = {}): Promise<string> {
  const { repo, file, revision = 'main', sha256 } = source;
  checkNames(source);
  const found = findHubFile(source);
  if (found) return found;
  const name = `hf:${repo}/${file}`;
  requireNetwork(name, source.revision);
  const { commit, etag, size, branch } = await resolve(source, options);
  if (!commit || !/^[0-9a-f]{40}$/.test(commit) || !etag) {
    throw new HilumError(
      `${endpoint()}: does not answer as a hub (no commit or identity of ${name}). Check HF_ENDPOINT.`,
    );
  }
  const isSha256 = /^[0-9a-f]{64}$/.test(etag);
  if (sha256 && isSha256 && etag !== sha256) {
    throw inputError({
      what: name,
      found: `SHA-256 ${etag} at revision '${revision}'`,
      expected: sha256,
      fix: 'The file was changed since hilum learned of it: name an older commit by --revision.',
    });
  }
  const blob = blobPath(repo, etag);
  const url = `${endpoint()}/${repo}/resolve/${commit}/${encodeURI(file)}`;
  const open = (from: number) => ask(source, options, url, from > 0 ? { Range: `bytes=${from}-` } : {});
  const partial = `${blob}.hilum.incomplete`;
  const job = { name, partial, target: blob, size, sha256: isSha256 ? etag : sha256, open };
  if (!existsSync(blob)) await download(job, options, () => existsSync(blob));
  const path = link(repo, commit, file, blob);
  rememberRevision(repo, branch, commit);
  return path;
}

/** The commit of a revision and the paths of all its files. Throws as `fetchHubFile`. */
export async function listHubFiles(
  { repo, revision = 'main' }: { repo: string; revision?: string },
  options: FetchOptions = {},
): Promise<{ commit: string; files: string[] }> {
  checkNames({ repo, revision });
  requireNetwork(`hf:${repo}`, revision);
  const { modelInfo } = await import('@huggingface/hub');
  const fetch = (url: Parameters<typeof globalThis.fetch>[0]) => ask({ repo, revision }, options, String(url), {});
  const { sha, filePaths } = await modelInfo({
    name: repo,
    revision,
    hubUrl: endpoint(),
    additionalFields: ['sha', 'filePaths'],
    fetch,
  }).catch(asHilumError);
  if (sha && filePaths) return { commit: sha, files: filePaths };
  throw new HilumError(
    `${endpoint()}: does not answer as a hub (no commit or files of hf:${repo}). Check HF_ENDPOINT.`,
  );
}

/** A commit that is the newest is described as `main`, so that Python finds it under that name too. */
async function resolve(source: HubFile, options: FetchOptions): Promise<Described & { branch: string }> {
  const { revision = 'main' } = source;
  if (/^[0-9a-f]{40}$/.test(revision)) {
    const main = await describe({ ...source, revision: 'main' }, options).catch((error) => {
      if (error instanceof InputError) return undefined;
      throw error;
    });
    if (main?.commit === revision) return { ...main, branch: 'main' };
  }
  return { ...(await describe(source, options)), branch: revision };
}

/** Asks for a file's first byte; the answers' headers describe the whole. */
async function describe(source: HubFile, options: FetchOptions): Promise<Described> {
  const { repo, file, revision = 'main' } = source;
  const { fileDownloadInfo } = await import('@huggingface/hub');
  const described: Described = { size: Number.NaN };
  const hub = new URL(endpoint()).origin;
  const onAnswer = ({ headers }: Response, { origin }: URL) => {
    // Only the hub's own answers count: the storage it redirects to has identities of its own.
    if (origin !== hub) return;
    described.commit = headers.get('x-repo-commit') ?? described.commit;
    described.size = Number(headers.get('x-linked-size') ?? described.size);
    described.etag =
      (headers.get('x-linked-etag') ?? headers.get('etag'))?.replace(/^W\//, '').replaceAll('"', '') ?? described.etag;
  };
  const fetch = async (url: Parameters<typeof globalThis.fetch>[0]) => {
    // Without the library's `Accept`, which asks for the Xet protocol: plain HTTPS goes on at any byte.
    const answer = await ask(source, options, String(url), { Range: 'bytes=0-0' }, onAnswer);
    await answer.body?.cancel();
    const headers = new Headers(answer.headers);
    if (!headers.has('content-range')) headers.set('content-range', `bytes 0-0/${headers.get('content-length')}`);
    return new Response(null, { status: answer.status, headers });
  };
  try {
    const info = await fileDownloadInfo({ repo, path: encodeURI(file), revision, hubUrl: endpoint(), fetch });
    return Number.isNaN(described.size) ? { ...described, size: info!.size } : described;
  } catch (error) {
    if (described.commit && /no file/.test(messageOf(error))) rememberAbsence(repo, described.commit, file);
    return asHilumError(error);
  }
}

function ask(
  { repo, file, revision }: Partial<HubFile> & { repo: string },
  { signal, patience }: FetchOptions,
  url: string,
  headers: Record<string, string>,
  onAnswer?: (answer: Response, url: URL) => void,
): Promise<Response> {
  const token = accessToken();
  const name = file ? `hf:${repo}/${file}` : `hf:${repo}`;
  const asked: Asked = { repo, file, revision, name, withToken: token !== undefined };
  return request({ url, headers, token, asked, signal, patience: { ...PATIENCE, ...patience }, onAnswer });
}

function requireNetwork(name: string, revision?: string): void {
  if (!isOffline()) return;
  const at = revision ? `${name}@${revision}` : name;
  throw inputError({
    what: at,
    found: `nothing in ${cacheFolder()}, and HF_HUB_OFFLINE forbids the network`,
    expected: 'the file in the cache',
    fix: `Unset HF_HUB_OFFLINE and run: hilum weights fetch ${at}`,
  });
}

function asHilumError(error: unknown): never {
  if (error instanceof HilumError) throw error;
  throw new HilumError(`${endpoint()}: ${messageOf(error)}`);
}
