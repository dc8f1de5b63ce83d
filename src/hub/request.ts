import { setTimeout as sleep } from 'node:timers/promises';
import { HilumError, Interrupted, messageOf, packageVersion } from '../base/index.js';
import { type Asked, refusal } from './refusal.js';

/** How long to try. */
export interface Patience {
  /** How often the same request is made in vain before giving up. */
  attempts: number;
  /** The pause after the first vain one, in ms; it doubles with each. A server's `Retry-After` counts where it is longer. */
  pause: number;
  /** The longest pause, in ms: a server that asks for a longer one is not waited for. */
  longestPause: number;
  /** How long a server may stay silent, in ms. */
  silence: number;
}

export const PATIENCE: Patience = { attempts: 5, pause: 1000, longestPause: 120_000, silence: 30_000 };

export interface Request {
  url: string;
  headers?: Record<string, string>;
  /** Sent to the first URL's origin alone: a redirect elsewhere, which is signed by itself, does not get it. */
  token?: string;
  asked: Asked;
  signal?: AbortSignal;
  patience: Patience;
  /** Sees every answer on the way, redirects too. */
  onAnswer?(answer: Response, url: URL): void;
}

const MAX_REDIRECTS = 10;
const PASSING = [408, 429, 500, 502, 503, 504];

/**
 * GETs a URL, following redirects. Where the connection fails, the server stays silent or its status is one that
 * passes (408, 429, 5xx), the request is made again.
 * @returns an answer of status 2xx; its body has not been read.
 * @throws Interrupted; an InputError or HilumError that says what the server refuses, or what kept failing.
 */
export async function request(options: Request): Promise<Response> {
  const { patience, signal } = options;
  for (let attempt = 1; ; attempt++) {
    const answer = await follow(options).catch((error: unknown) => {
      throwIfAborted(signal);
      if (error instanceof HilumError || attempt >= patience.attempts) throw noConnection(error, options.url);
      return undefined;
    });
    if (answer?.ok) return answer;
    await answer?.body?.cancel();
    if (answer && !PASSING.includes(answer.status)) throw refused(answer, options);
    const asksFor = answer ? retryAfter(answer) : 0;
    if (answer && (attempt >= patience.attempts || asksFor > patience.longestPause)) {
      const wait = asksFor > 0 ? `; it asks to wait ${Math.ceil(asksFor / 1000)} s` : '';
      throw new HilumError(
        `${refused(answer, options).message} (${attempt} ${attempt === 1 ? 'attempt' : 'attempts'}${wait})`,
      );
    }
    await pause(Math.max(asksFor, Math.min(patience.pause * 2 ** (attempt - 1), patience.longestPause)), signal);
  }
}

/** Waits, unless it is interrupted. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => throwIfAborted(signal));
}

export function throwIfAborted(signal?: AbortSignal): void {
  if (signal?.aborted)
    throw new Interrupted('stopped; what has arrived is kept, and the same command goes on from there');
}

async function follow({ url, headers, token, signal, patience, onAnswer }: Request): Promise<Response> {
  const origin = new URL(url).origin;
  let at = new URL(url);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const silence = new AbortController();
    const timer = setTimeout(
      () => silence.abort(new Error(`no answer for ${patience.silence / 1000} s`)),
      patience.silence,
    );
    const answer = await fetch(at, {
      redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
      headers: {
        'User-Agent': `hilum/${packageVersion()}`,
        // Bytes as they lie on disk, so that sizes and ranges mean the same everywhere.
        'Accept-Encoding': 'identity',
        ...headers,
        ...(token && at.origin === origin && { Authorization: `Bearer ${token}` }),
      },
    }).finally(() => clearTimeout(timer));
    onAnswer?.(answer, at);
    const location = answer.headers.get('location');
    if (answer.status < 300 || answer.status >= 400 || location === null) return answer;
    await answer.body?.cancel();
    const next = new URL(location, at);
    if (at.protocol === 'https:' && next.protocol !== 'https:') {
      throw new HilumError(`${at.host}: redirects to an address that is not encrypted (${next.origin})`);
    }
    at = next;
  }
  throw new HilumError(`${origin}: more than ${MAX_REDIRECTS} redirects`);
}

/** What another host than the one asked refuses says nothing about the repository. */
function refused(answer: Response, { url, asked }: Request): HilumError {
  const own = new URL(answer.url).origin === new URL(url).origin;
  return refusal(answer, own ? asked : { ...asked, repo: undefined });
}

/** What `Retry-After` asks for, seconds or a date, in ms; 0 where it asks for nothing. */
function retryAfter(answer: Response): number {
  const text = answer.headers.get('retry-after') ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? 0 : Math.max(0, date - Date.now());
}

function noConnection(error: unknown, url: string): HilumError {
  if (error instanceof HilumError) return error;
  const { cause } = error as { cause?: { code?: string } & Error };
  const proxy = process.env.HTTPS_PROXY || process.env.https_proxy;
  const reason = cause?.code || messageOf(cause ?? error);
  const hints = [
    ...(proxy && process.env.NODE_USE_ENV_PROXY !== '1'
      ? [' HTTPS_PROXY is set, which Node.js honours from 22.21 and 24.0 on where NODE_USE_ENV_PROXY=1.']
      : []),
    ...(/CERT|SIGNATURE/.test(reason)
      ? [' Behind a proxy that opens encrypted connections, set NODE_EXTRA_CA_CERTS to its certificate.']
      : []),
  ];
  return new HilumError(`${new URL(url).host}: no connection (${reason}).${hints.join('')}`);
}
