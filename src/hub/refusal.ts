import { HilumError, inputError } from '../base/index.js';
import { endpoint } from './environment.js';

/** What is asked for, for messages. */
export interface Asked {
  /** The repository, e.g. `facebook/dinov2-base`; undefined for a URL outside the hub. */
  repo?: string;
  file?: string;
  revision?: string;
  /** What to call it: `hf:facebook/dinov2-base/model.safetensors`, or the URL without its query. */
  name: string;
  /** Whether a token went along. */
  withToken: boolean;
}

/** The error for an answer that is none (status 400 and above), in words that say what to do. */
export function refusal(response: Response, { repo, file, revision = 'main', name, withToken }: Asked): HilumError {
  const { status } = response;
  const code = response.headers.get('x-error-code');
  const message = response.headers.get('x-error-message') ?? '';
  const page = `${endpoint()}/${repo}`;
  const tokens = `make a token at ${endpoint()}/settings/tokens, and set HF_TOKEN`;
  if (repo === undefined) {
    if (status === 401 || status === 403 || status === 404 || status === 410) {
      return inputError({ what: name, found: `HTTP status ${status}`, expected: 'a file', fix: 'Check the address.' });
    }
  } else if (code === 'GatedRepo') {
    return inputError({
      what: repo,
      found: withToken ? 'a gated repository whose licence this token has not accepted' : 'a gated repository',
      expected: 'a token of someone who accepted its licence',
      fix: `Open ${page}, accept the licence, ${tokens}.`,
    });
  } else if (code === 'RevisionNotFound') {
    const expected = 'a branch, tag or commit of it';
    return inputError({ what: repo, found: `no revision '${revision}'`, expected, fix: `See ${page}/commits.` });
  } else if (code === 'EntryNotFound' && file !== undefined) {
    const expected = 'a file of it';
    const fix = `See ${page}/tree/${revision}.`;
    return inputError({ what: repo, found: `no file '${file}' at revision '${revision}'`, expected, fix });
  } else if (status === 401 && withToken) {
    const expected = 'a token that is valid';
    return inputError({ what: repo, found: 'a token that the hub refuses', expected, fix: `Check it: ${tokens}.` });
  } else if (status === 401 || status === 404 || code === 'RepoNotFound') {
    const expected = 'a repository';
    const fix = withToken ? `See ${page}.` : `Check the name; if it is private, ${tokens}.`;
    return inputError({ what: repo, found: 'no such repository, or a private one', expected, fix });
  } else if (status === 403) {
    const found = `a repository that may not be read (HTTP status 403${message && `: ${message}`})`;
    return inputError({ what: repo, found, expected: 'access', fix: `Open ${page}, and ${tokens}.` });
  }
  return new HilumError(`${name}: the server answered with HTTP status ${status}${message && `: ${message}`}`);
}
