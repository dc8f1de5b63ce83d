/**
 * The cache layout of Python's huggingface_hub (file_download.py), so that both find each other's files:
 *
 *   models--ORG--NAME/blobs/ETAG                     content, named by SHA-256 (large files) or git's object id
 *   models--ORG--NAME/snapshots/COMMIT/FILE          relative link to the blob
 *   models--ORG--NAME/refs/REVISION                  the commit of a branch or tag when it was last asked for
 *   models--ORG--NAME/.no_exist/COMMIT/FILE          empty: that commit has no such file
 */
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { HilumError, inputError, writeFileAtomic } from '../base/index.js';
import { cacheFolder } from './environment.js';

/** A file of a model repository on the hub. */
export interface HubFile {
  /** e.g. `facebook/dinov2-base`. */
  repo: string;
  /** Path in the repository, e.g. `model.safetensors`. */
  file: string;
  /** Branch, tag or commit; `main` where undefined. */
  revision?: string;
  /** SHA-256 in hexadecimal that the file must have, where known. */
  sha256?: string;
}

const COMMIT = /^[0-9a-f]{40}$/;

/** Throws an InputError where a name could not be one of the hub, or would lead out of the cache. */
export function checkNames({ repo, file = '', revision = 'main' }: Partial<HubFile> & { repo: string }): void {
  const refuse = (found: string, expected: string) => {
    throw inputError({
      what: `hf:${repo}`,
      found,
      expected,
      fix: 'Write hf:ORG/NAME, hf:ORG/NAME/FILE, each with @REVISION.',
    });
  };
  if (!/^(?:\w[\w.-]*\/)?\w[\w.-]*$/.test(repo) || /--|\.\./.test(repo))
    refuse(`'${repo}'`, 'a repository as ORG/NAME');
  const leadsOut = (path: string) => path.split('/').some((part) => /^\.{0,2}$/.test(part)) || /[\\\0]/.test(path);
  if (file && leadsOut(file)) refuse(`file '${file}'`, 'a path within the repository');
  if (leadsOut(revision)) refuse(`revision '${revision}'`, 'a branch, tag or commit');
}

/** The path of a file in the cache, as a snapshot has it; undefined where it is not there. No network. */
export function findHubFile(source: HubFile): string | undefined {
  const snapshot = findSnapshot(source);
  const path = snapshot && join(snapshot, source.file);
  return path && existsSync(path) ? path : undefined;
}

/** The snapshot folder of a repository's revision in the cache; undefined where nothing of it is there. */
export function findSnapshot({ repo, revision = 'main' }: { repo: string; revision?: string }): string | undefined {
  checkNames({ repo, revision });
  const ref = join(repoFolder(repo), 'refs', revision);
  const commit = COMMIT.test(revision) ? revision : existsSync(ref) ? readFileSync(ref, 'utf8').trim() : undefined;
  const snapshot = commit && snapshotPath(repo, commit, '');
  return snapshot && existsSync(snapshot) ? snapshot : undefined;
}

export function blobPath(repo: string, etag: string): string {
  if (/^\w[\w.-]{0,200}$/.test(etag)) return join(repoFolder(repo), 'blobs', etag);
  throw new HilumError(`hf:${repo}: the server names content '${etag}', which is no identity of content`);
}

export function snapshotPath(repo: string, commit: string, file: string): string {
  return join(repoFolder(repo), 'snapshots', commit, file);
}

/** Puts a blob into a snapshot under its name, and returns the path there. */
export function link(repo: string, commit: string, file: string, blob: string): string {
  const path = snapshotPath(repo, commit, file);
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  try {
    symlinkSync(relative(dirname(path), blob), path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return path;
}

/** Keeps which commit a branch or tag was. */
export function rememberRevision(repo: string, revision: string, commit: string): void {
  const path = join(repoFolder(repo), 'refs', revision);
  if (revision === commit || (existsSync(path) && readFileSync(path, 'utf8') === commit)) return;
  writeFileAtomic(path, commit);
}

/** Keeps that a commit has no such file, for Python, which then need not ask. */
export function rememberAbsence(repo: string, commit: string, file: string): void {
  const path = join(repoFolder(repo), '.no_exist', commit, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
}

function repoFolder(repo: string): string {
  return join(cacheFolder(), `models--${repo.replaceAll('/', '--')}`);
}
