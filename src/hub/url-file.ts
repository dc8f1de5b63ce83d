import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { HilumError, inputError } from '../base/index.js';
import { download, type FetchOptions } from './download.js';
import { checkpointFolder, isOffline } from './environment.js';
import { PATIENCE, request } from './request.js';

/** A file of any web server. */
export interface UrlFile {
  url: string;
  /** SHA-256 in hexadecimal, or its first 8 or more digits, where known. */
  sha256?: string;
  /** Where it is kept, `~` being the home; torch.hub's folder of checkpoints where undefined. */
  folder?: string;
}

/** The file in its folder; undefined where it is not there. No network. */
export function findUrlFile(source: UrlFile): string | undefined {
  const path = targetOf(source);
  return existsSync(path) ? path : undefined;
}

/**
 * A file of a web server, where torch.hub keeps it (`$TORCH_HOME/hub/checkpoints/NAME`): from there where it is, else
 * fetched. Its SHA-256 is checked where given, or where the name holds its first digits as torch.hub's do
 * (`resnet50-0676ba61.pth`). Returns the path. Throws as `fetchHubFile`.
 */
export async function fetchUrlFile(source: UrlFile, options: FetchOptions = {}): Promise<string> {
  const target = targetOf(source);
  if (existsSync(target)) return target;
  const name = withoutQuery(source.url);
  if (isOffline()) {
    throw inputError({
      what: name,
      found: `no ${target}, and HF_HUB_OFFLINE forbids the network`,
      expected: 'the file there',
      fix: `Unset HF_HUB_OFFLINE and run: hilum weights fetch ${name}`,
    });
  }
  const { signal } = options;
  const patience = { ...PATIENCE, ...options.patience };
  const asked = { name, withToken: false };
  const open = (from: number) =>
    request({ url: source.url, headers: { Range: `bytes=${from}-` }, asked, signal, patience });
  const { size, identity } = await describe(source.url, { asked, signal, patience });
  const sha256 = source.sha256 ?? hashInName(basename(target));
  const partial = `${target}.${identity}.incomplete`;
  await download({ name, partial, target, size, sha256, open }, options, () => existsSync(target));
  return target;
}

/** The size of the file, and what distinguishes this version of it from another under the same name. */
async function describe(
  url: string,
  how: Pick<Parameters<typeof request>[0], 'asked' | 'signal' | 'patience'>,
): Promise<{ size: number; identity: string }> {
  const answer = await request({ url, headers: { Range: 'bytes=0-0' }, ...how });
  await answer.body?.cancel();
  const range = /\/(\d+)$/.exec(answer.headers.get('content-range') ?? '');
  const size = Number(range ? range[1] : (answer.headers.get('content-length') ?? Number.NaN));
  if (Number.isNaN(size)) throw new HilumError(`${how.asked.name}: the server does not say how large the file is`);
  const version = answer.headers.get('etag') ?? answer.headers.get('last-modified') ?? '';
  const identity = createHash('sha256')
    .update(`${url.split('?')[0]} ${version} ${size}`)
    .digest('hex')
    .slice(0, 8);
  return { size, identity };
}

function targetOf({ url, folder }: UrlFile): string {
  const name = URL.canParse(url) ? decodeURIComponent(basename(new URL(url).pathname)) : '';
  if (/^[\w][\w.+-]*$/.test(name)) return join(folder?.replace(/^~(?=\/|$)/, homedir()) ?? checkpointFolder(), name);
  throw inputError({ what: url, found: `'${name}' at its end`, expected: 'an address that ends in a file name' });
}

/** torch.hub's way of publishing a hash. Digits alone may be a date. */
function hashInName(name: string): string | undefined {
  const digits = /-([0-9a-f]{8,64})\.\w+$/.exec(name)?.[1];
  return digits && /[a-f]/.test(digits) ? digits : undefined;
}

/** Without what may be a signature. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
