import { inputError } from '../base/index.js';
import { checkNames, findHubFile, type HubFile } from './cache.js';
import type { FetchOptions } from './download.js';
import { fetchHubFile } from './hub-file.js';
import { fetchUrlFile, findUrlFile, type UrlFile } from './url-file.js';

/** Where a file is published. */
export type Source = HubFile | UrlFile;

/** A repository of the hub, with the file where one is named. */
export type HubReference = Omit<HubFile, 'file'> & { file?: string };

/** Fetches a file into the cache that Python shares, unless it is there; see `fetchHubFile` and `fetchUrlFile`. */
export function fetchFile(source: Source, options?: FetchOptions): Promise<string> {
  return 'url' in source ? fetchUrlFile(source, options) : fetchHubFile(source, options);
}

/** The path of a file that has been fetched, by hilum or by Python; undefined where it is not there. No network. */
export function findFile(source: Source): string | undefined {
  return 'url' in source ? findUrlFile(source) : findHubFile(source);
}

/**
 * Reads `hf:ORG/NAME`, `hf:ORG/NAME/FILE` (each with `@REVISION`), an address of https://huggingface.co that names a
 * repository or a file, or any other web address of a file. Undefined where the text is none of these. Throws an InputError
 * where it is one that cannot be.
 */
export function parseSource(text: string): HubReference | UrlFile | undefined {
  const page =
    /^https:\/\/(?:huggingface\.co|hf\.co)\/([^/?#]+\/[^/?#]+)(?:\/(?:resolve|blob|tree)\/([^/?#]+)(?:\/([^?#]+))?)?/.exec(
      text,
    );
  if (page) return reference(page[1]!, page[3] && decodeURIComponent(page[3]), page[2] && decodeURIComponent(page[2]));
  if (/^https?:\/\//.test(text)) return { url: text };
  const named = /^hf:(?:\/\/)?([^/@]+\/[^/@]+)(?:\/([^@]+))?(?:@(.+))?$/.exec(text);
  if (named) return reference(named[1]!, named[2], named[3]);
  if (!text.startsWith('hf:')) return undefined;
  throw inputError({
    what: text,
    found: 'no ORG/NAME',
    expected: 'hf:ORG/NAME or hf:ORG/NAME/FILE, each with @REVISION',
  });
}

function reference(repo: string, file?: string, revision?: string): HubReference {
  checkNames({ repo, file, revision });
  return { repo, file, revision };
}
