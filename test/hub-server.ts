/** A server that speaks the protocol of the Hugging Face hub, with storage on a second port, and fails as it is told. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Random } from '../src/base/index.js';

export interface Repository {
  /** Content by path; what is large lies in the storage, as with Git LFS. */
  files: Record<string, Buffer>;
  commit: string;
  branches?: Record<string, string>;
  /** Needs a token that accepted its licence. */
  gated?: true;
  /** The name it was moved to. */
  movedTo?: string;
}

export interface Seen {
  host: 'hub' | 'storage';
  method: string;
  path: string;
  range?: string;
  authorization?: string;
}

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';
/** Files of at least so many bytes lie in the storage. */
const LARGE = 1000;

export const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
/** Git's identity of a file. */
export const gitId = (bytes: Buffer) => createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

export class HubServer {
  readonly repositories: Record<string, Repository> = {};
  /** A token that is valid, and whether it has accepted licences. */
  readonly tokens: Record<string, { accepted: boolean }> = {};
  /** Every request, in order. */
  readonly seen: Seen[] = [];
  /** Answers that the hub gives before its own, in order. */
  readonly hubFails: { status: number; headers?: Record<string, string> }[] = [];
  /** What the storage does to the next requests for content, in order. */
  readonly storageFails: ({ cutAfter: number } | { silentAfter: number } | { status: number } | 'ignore range')[] = [];
  /** What the storage gives instead of the content. */
  readonly forged = new Map<string, Buffer>();
  /** What the hub says that large files measure, in place of their size. */
  claimedSize: number | undefined;
  /** Pause after each 64 kB, in ms. */
  slow = 0;
  private readonly servers: Server[] = [];
  private storageUrl = '';
  url = '';

  async start(): Promise<this> {
    this.storageUrl = await this.listen((request, response) => this.store(request, response));
    this.url = await this.listen((request, response) => this.hub(request, response));
    return this;
  }

  /** The storage's own address of content, as a server of plain files has it. */
  storageUrlOf(path: string): string {
    return `${this.storageUrl}/${path}`;
  }

  stop(): void {
    for (const server of this.servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  requests(host: Seen['host']): Seen[] {
    return this.seen.filter((one) => one.host === host);
  }

  private async listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
    const server = createServer(answer);
    this.servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  private note(host: Seen['host'], { method = '', url = '', headers }: IncomingMessage): void {
    this.seen.push({ host, method, path: url, range: headers.range, authorization: headers.authorization });
  }

  private hub(request: IncomingMessage, response: ServerResponse): void {
    this.note('hub', request);
    const failure = this.hubFails.shift();
    if (failure) refuse(response, failure.status, failure.headers);
    else this.answer(request, response);
  }

  private answer(request: IncomingMessage, response: ServerResponse): ServerResponse {
    const token = request.headers.authorization?.replace('Bearer ', '');
    if (token && !this.tokens[token]) {
      return refuse(response, 401, { 'X-Error-Message': 'Invalid credentials in Authorization header' });
    }
    const { pathname } = new URL(request.url!, this.url);
    const api = /^\/api\/models\/(.+?)\/revision\/(.+)$/.exec(pathname);
    const file = /^\/(.+?)\/resolve\/([^/]+)\/(.+)$/.exec(pathname);
    const [, name, revision, path] = api ?? file ?? [];
    const repository = this.repositories[name ?? ''];
    if (!name || !revision || !repository)
      return refuse(response, token ? 404 : 401, { 'X-Error-Code': 'RepoNotFound' });
    if (repository.movedTo) {
      return response.writeHead(307, { Location: pathname.replace(name, repository.movedTo) }).end();
    }
    const branches = { main: repository.commit, HEAD: repository.commit, ...repository.branches };
    const commit = Object.entries(branches).find(([branch, id]) =>
      [branch, id].includes(decodeURIComponent(revision)),
    )?.[1];
    if (!commit) return refuse(response, 404, { 'X-Error-Code': 'RevisionNotFound' });
    if (api) {
      const siblings = Object.keys(repository.files).map((rfilename) => ({ rfilename }));
      const info = { _id: '1', id: name, sha: commit, gated: repository.gated ? 'auto' : false, siblings };
      return response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(info));
    }
    const headers = { 'X-Repo-Commit': commit };
    if (repository.gated && !(token && this.tokens[token]!.accepted)) {
      return refuse(response, token ? 403 : 401, { ...headers, 'X-Error-Code': 'GatedRepo' });
    }
    const content = repository.files[decodeURIComponent(path!)];
    if (!content) return refuse(response, 404, { ...headers, 'X-Error-Code': 'EntryNotFound' });
    if (content.length < LARGE)
      return this.send(request, response, content, { ...headers, ETag: `"${gitId(content)}"` });
    const linked = {
      ...headers,
      ETag: `"${gitId(Buffer.from('pointer'))}"`,
      'X-Linked-Etag': `"${sha256(content)}"`,
      'X-Linked-Size': this.claimedSize ?? content.length,
      Location: `${this.storageUrl}/${name}/${path}?signature=abc`,
    };
    return response.writeHead(302, linked).end();
  }

  private store(request: IncomingMessage, response: ServerResponse): ServerResponse {
    this.note('storage', request);
    // As S3 does: a signed address with a second authorization is refused.
    if (request.headers.authorization) return refuse(response, 400);
    const path = decodeURIComponent(new URL(request.url!, this.url).pathname.slice(1));
    const [org, name, ...file] = path.split('/');
    const content = this.forged.get(path) ?? this.repositories[`${org}/${name}`]?.files[file.join('/')];
    if (!content) return refuse(response, 404);
    return this.send(request, response, content, { ETag: `"${sha256(content).slice(0, 32)}-7"` }, true);
  }

  private send(
    request: IncomingMessage,
    response: ServerResponse,
    content: Buffer,
    headers: Record<string, string>,
    stored = false,
  ): ServerResponse {
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const describes = range?.[2] === '0';
    const failure = stored && !describes ? this.storageFails.shift() : undefined;
    if (typeof failure === 'object' && 'status' in failure) return refuse(response, failure.status);
    const ranged = range && failure !== 'ignore range';
    const from = ranged ? Number(range[1]) : 0;
    const to = ranged && range[2] ? Number(range[2]) + 1 : content.length;
    const body = content.subarray(from, to);
    response.writeHead(ranged ? 206 : 200, {
      ...headers,
      'Content-Length': body.length,
      'Accept-Ranges': 'bytes',
      ...(ranged && { 'Content-Range': `bytes ${from}-${to - 1}/${content.length}` }),
    });
    if (typeof failure === 'object' && 'cutAfter' in failure) {
      response.write(body.subarray(0, failure.cutAfter), () => setTimeout(() => response.destroy(), 20));
    } else if (typeof failure === 'object') {
      response.write(body.subarray(0, failure.silentAfter));
    } else if (this.slow > 0 && stored && !describes) {
      this.trickle(response, body, 0);
    } else {
      response.end(body);
    }
    return response;
  }

  private trickle(response: ServerResponse, body: Buffer, at: number): void {
    if (response.destroyed) return;
    if (at >= body.length) {
      response.end();
      return;
    }
    response.write(body.subarray(at, at + 65_536));
    setTimeout(() => this.trickle(response, body, at + 65_536), this.slow);
  }
}

function refuse(response: ServerResponse, status: number, headers: Record<string, string> = {}): ServerResponse {
  return response.writeHead(status, { 'Content-Type': 'text/plain', ...headers }).end('refused');
}

/** Bytes that no compression shortens, from a seed. */
export function noise(length: number, seed: number): Buffer {
  const random = new Random(seed);
  const words = Uint32Array.from({ length: Math.ceil(length / 4) }, () => random.uint32());
  return Buffer.from(words.buffer, 0, length);
}
