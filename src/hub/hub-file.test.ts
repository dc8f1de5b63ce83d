import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { COMMIT, gitId, HubServer, noise, sha256 } from '../../test/hub-server.js';
import { type HilumError, InputError, Interrupted } from '../base/index.js';
import { type FetchOptions, fetchFile, findFile, findSnapshot, listHubFiles } from './index.js';

const REPO = 'org/model';
const weights = noise(1_000_000, 1);
const config = Buffer.from('{"hidden_size": 768}');
const quick: FetchOptions = { patience: { pause: 5, silence: 300 } };
const source = { repo: REPO, file: 'model.safetensors' };

const folder = mkdtempSync(join(tmpdir(), 'hilum-hub-'));
const cached = (...names: string[]) => join(folder, 'hf', 'hub', 'models--org--model', ...names);
const blob = cached('blobs', sha256(weights));
let server: HubServer;

beforeEach(async () => {
  server = await new HubServer().start();
  server.repositories[REPO] = { files: { 'model.safetensors': weights, 'config.json': config }, commit: COMMIT };
  for (const name of [
    'HF_HUB_CACHE',
    'HUGGINGFACE_HUB_CACHE',
    'HF_TOKEN',
    'HUGGING_FACE_HUB_TOKEN',
    'HF_HUB_OFFLINE',
  ]) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv('HF_HOME', join(folder, 'hf'));
  vi.stubEnv('HF_ENDPOINT', `${server.url}/`);
});

afterEach(() => {
  server.stop();
  vi.unstubAllEnvs();
  rmSync(join(folder, 'hf'), { recursive: true, force: true });
});

/** Buffers of this size are slow to compare element by element. */
const expectWeights = (path: string) => expect(sha256(readFileSync(path))).toBe(sha256(weights));

const failure = (work: Promise<unknown>): Promise<HilumError> =>
  work.then(
    () => expect.unreachable('it should have failed'),
    (error) => error,
  );

describe('the layout', () => {
  it("is Python's: blobs named by etag, relative links, the commit of the branch", async () => {
    const path = await fetchFile(source, quick);
    expect(path).toBe(cached('snapshots', COMMIT, 'model.safetensors'));
    expectWeights(path);
    expect(readlinkSync(path)).toBe(`../../blobs/${sha256(weights)}`);
    expect(readFileSync(cached('refs', 'main'), 'utf8')).toBe(COMMIT);
    expect(readdirSync(cached('blobs'))).toEqual([sha256(weights)]);

    // A small file is no LFS file: its blob bears git's object id.
    const small = await fetchFile({ repo: REPO, file: 'config.json' }, quick);
    expect(readlinkSync(small)).toBe(`../../blobs/${gitId(config)}`);
    expect(readFileSync(small)).toEqual(config);
  });

  it('is read where Python has written it, without network', async () => {
    const commit = 'f'.repeat(40);
    mkdirSync(cached('blobs'), { recursive: true });
    mkdirSync(cached('refs'));
    mkdirSync(cached('snapshots', commit), { recursive: true });
    writeFileSync(cached('blobs', sha256(weights)), weights);
    symlinkSync(`../../blobs/${sha256(weights)}`, cached('snapshots', commit, 'model.safetensors'));
    writeFileSync(cached('refs', 'main'), commit);
    expect(findFile(source)).toBe(cached('snapshots', commit, 'model.safetensors'));
    expect(await fetchFile(source)).toBe(findFile(source));
    expect(findFile({ ...source, revision: commit })).toBe(findFile(source));
    expect(findFile({ ...source, revision: COMMIT })).toBeUndefined();
    expect(findFile({ repo: REPO, file: 'config.json' })).toBeUndefined();
    expect(findSnapshot({ repo: REPO })).toBe(cached('snapshots', commit));
    expect(server.seen).toEqual([]);
  });

  it('takes a blob that is there for another commit', async () => {
    await fetchFile(source, quick);
    const commit = 'e'.repeat(40);
    server.repositories[REPO]!.branches = { 'v1.0': commit };
    const before = server.requests('storage').length;
    const path = await fetchFile({ ...source, revision: 'v1.0' }, quick);
    expect(path).toBe(cached('snapshots', commit, 'model.safetensors'));
    expect(readFileSync(cached('refs', 'v1.0'), 'utf8')).toBe(commit);
    // The file's description alone was asked for.
    expect(
      server
        .requests('storage')
        .slice(before)
        .map(({ range }) => range),
    ).toEqual(['bytes=0-0']);
  });

  it('has a commit that is the newest as main too, where Python looks without a revision; not an older one', async () => {
    const older = 'd'.repeat(40);
    server.repositories[REPO]!.branches = { old: older };
    await fetchFile({ ...source, revision: older }, quick);
    expect(existsSync(cached('refs'))).toBe(false);
    await fetchFile({ ...source, revision: COMMIT }, quick);
    expect(readFileSync(cached('refs', 'main'), 'utf8')).toBe(COMMIT);
    expect(readdirSync(cached('refs'))).toEqual(['main']);
  });

  it('follows a repository that was renamed', async () => {
    server.repositories['org/old-name'] = { files: {}, commit: COMMIT, movedTo: REPO };
    const path = await fetchFile({ ...source, repo: 'org/old-name' }, quick);
    expectWeights(path);
  });

  it('has files in folders, and names with other characters', async () => {
    server.repositories[REPO]!.files['sub folder/größe.bin'] = weights;
    const path = await fetchFile({ repo: REPO, file: 'sub folder/größe.bin' }, quick);
    expect(path).toBe(cached('snapshots', COMMIT, 'sub folder', 'größe.bin'));
    expect(readlinkSync(path)).toBe(`../../../blobs/${sha256(weights)}`);
  });

  it.each([
    ['a repository', { ...source, repo: '../../etc' }],
    ['a repository', { ...source, repo: 'a/b/c' }],
    ['a file', { ...source, file: '../../../x' }],
    ['a file', { ...source, file: '/etc/passwd' }],
    ['a revision', { ...source, revision: '../main' }],
  ])('has no place for %s that leads elsewhere', async (_, wrong) => {
    expect(await failure(fetchFile(wrong, quick))).toBeInstanceOf(InputError);
    expect(server.seen).toEqual([]);
  });
});

describe('what is asked for', () => {
  it('is the whole of a repository, for whoever wants to choose', async () => {
    const { commit, files } = await listHubFiles({ repo: REPO }, quick);
    expect([commit, files]).toEqual([COMMIT, ['model.safetensors', 'config.json']]);
  });

  it('tells how far it is', async () => {
    const seen: [number, number][] = [];
    await fetchFile(source, { ...quick, onProgress: (done, total) => seen.push([done, total]) });
    expect(seen[0]).toEqual([0, weights.length]);
    expect(seen.at(-1)).toEqual([weights.length, weights.length]);
    expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done).toSorted((a, b) => a - b));
  });

  it('goes with the token to the hub alone', async () => {
    vi.stubEnv('HF_TOKEN', 'hf_right');
    server.tokens.hf_right = { accepted: true };
    server.repositories[REPO]!.gated = true;
    await fetchFile(source, quick);
    expect(server.requests('hub').every(({ authorization }) => authorization === 'Bearer hf_right')).toBe(true);
    expect(server.requests('storage').map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
  });

  it("takes the token of 'hf auth login', unless it is told not to", async () => {
    mkdirSync(join(folder, 'hf'), { recursive: true });
    writeFileSync(join(folder, 'hf', 'token'), 'hf_file\n');
    server.tokens.hf_file = { accepted: true };
    await listHubFiles({ repo: REPO }, quick);
    vi.stubEnv('HF_HUB_DISABLE_IMPLICIT_TOKEN', '1');
    await listHubFiles({ repo: REPO }, quick);
    expect(server.seen.map(({ authorization }) => authorization)).toEqual(['Bearer hf_file', undefined]);
  });

  it('stands in HF_HUB_CACHE, before HF_HOME, with ~ and $NAME resolved', async () => {
    vi.stubEnv('ELSEWHERE', join(folder, 'hf'));
    vi.stubEnv('HF_HUB_CACHE', '$ELSEWHERE/cache');
    expect(await fetchFile(source, quick)).toBe(
      join(folder, 'hf/cache/models--org--model/snapshots', COMMIT, 'model.safetensors'),
    );
  });
});

describe('a refusal says what to do', () => {
  const message = async (wrong: Partial<typeof source & { revision: string }> = {}) => {
    const error = await failure(fetchFile({ ...source, ...wrong }, quick));
    expect(error).toBeInstanceOf(InputError);
    return error.message;
  };

  it('no such repository, file or revision', async () => {
    expect(await message({ repo: 'org/nothing' })).toMatch(
      /^org\/nothing: found no such repository, or a private one; .*HF_TOKEN/,
    );
    expect(await message({ file: 'x.bin' })).toContain(`${REPO}: found no file 'x.bin' at revision 'main'`);
    expect(await message({ revision: 'v9' })).toContain(`${REPO}: found no revision 'v9'`);
    expect(readdirSync(cached())).toEqual(['.no_exist']);
    expect(existsSync(cached('.no_exist', COMMIT, 'x.bin'))).toBe(true);
  });

  it('gated, without token, and with one that has not accepted', async () => {
    server.repositories[REPO]!.gated = true;
    const steps = `Open ${server.url}/${REPO}, accept the licence, make a token at ${server.url}/settings/tokens, and set HF_TOKEN.`;
    expect(await message()).toBe(
      `${REPO}: found a gated repository; expected a token of someone who accepted its licence. ${steps}`,
    );
    vi.stubEnv('HF_TOKEN', 'hf_new');
    server.tokens.hf_new = { accepted: false };
    expect(await message()).toContain('a gated repository whose licence this token has not accepted');
  });

  it('a token that is wrong, and one that cannot be', async () => {
    vi.stubEnv('HF_TOKEN', 'hf_wrong');
    expect(await message()).toContain('found a token that the hub refuses');
    vi.stubEnv('HF_TOKEN', 'two words');
    expect(await message()).toContain('HF_TOKEN: found spaces');
  });

  it('offline: what is missing and how to get it; what is there is given', async () => {
    const path = await fetchFile(source, quick);
    const before = server.seen.length;
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect(await fetchFile(source, quick)).toBe(path);
    expect(await message({ file: 'config.json' })).toContain(
      `Unset HF_HUB_OFFLINE and run: hilum weights fetch hf:${REPO}/config.json`,
    );
    expect(server.seen.length).toBe(before);
  });

  it('a server that is none, or no hub', async () => {
    server.stop();
    const error = await failure(fetchFile(source, quick));
    expect(error.message).toMatch(/^127\.0\.0\.1:\d+: no connection \(ECONNREFUSED\)/);
    expect(error.exitCode).toBe(1);
    vi.stubEnv('HF_ENDPOINT', 'huggingface.co');
    expect(await message()).toContain("HF_ENDPOINT: found 'huggingface.co'");
  });
});

describe('a connection that fails', () => {
  const ranges = () => server.requests('storage').map(({ range }) => range);

  it('goes on where it was cut', async () => {
    server.storageFails.push({ cutAfter: 300_000 }, { cutAfter: 300_000 });
    const path = await fetchFile(source, quick);
    expectWeights(path);
    expect(ranges()[0]).toBe('bytes=0-0');
    const starts = ranges()
      .slice(2)
      .map((range) => Number(/bytes=(\d+)-$/.exec(range ?? '')?.[1]));
    expect(starts).toHaveLength(2);
    expect(starts[0]).toBeGreaterThan(0);
    expect(starts[1]).toBeGreaterThan(starts[0]!);
  });

  it('that stays silent is given up and made again', async () => {
    server.storageFails.push({ silentAfter: 100_000 });
    expectWeights(await fetchFile(source, quick));
    expect(ranges()).toEqual(['bytes=0-0', undefined, 'bytes=100000-']);
  });

  it('that never gets further ends, and what has arrived is kept for the next time', async () => {
    server.storageFails.push(...Array.from({ length: 3 }, () => ({ cutAfter: 0 })));
    server.storageFails.unshift({ cutAfter: 400_000 });
    const error = await failure(fetchFile(source, { patience: { ...quick.patience, attempts: 3 } }));
    expect(error.message).toMatch(
      /^hf:org\/model\/model\.safetensors: the connection broke 3 times after 0\.4 MB of 1\.0 MB/,
    );
    expect(existsSync(blob)).toBe(false);
    server.storageFails.length = 0;
    expectWeights(await fetchFile(source, quick));
    expect(ranges().at(-1)).toBe('bytes=400000-');
  });

  it('to a server that gives no ranges starts anew', async () => {
    server.storageFails.push({ cutAfter: 200_000 }, 'ignore range');
    expectWeights(await fetchFile(source, quick));
  });

  it('by 429 and 5xx is made again, after the time that the server asks for', async () => {
    server.hubFails.push({ status: 429, headers: { 'Retry-After': '1' } }, { status: 503 });
    const start = performance.now();
    expectWeights(await fetchFile(source, quick));
    expect(performance.now() - start).toBeGreaterThanOrEqual(1000);
    server.storageFails.push({ status: 503 });
  });

  it('by 429 for too long, or always, ends with the reason', async () => {
    server.hubFails.push({ status: 429, headers: { 'Retry-After': '3600' } });
    expect((await failure(fetchFile(source, quick))).message).toMatch(
      /HTTP status 429 \(1 attempt; it asks to wait 3600 s\)/,
    );
    server.hubFails.push(...Array.from({ length: 5 }, () => ({ status: 502 })));
    expect((await failure(fetchFile(source, quick))).message).toMatch(/HTTP status 502 \(5 attempts\)/);
  });
});

describe('the content', () => {
  it('that is not the published one is never put in place', async () => {
    const forged = Buffer.from(weights);
    forged[500_000]! ^= 1;
    server.forged.set(`${REPO}/model.safetensors`, forged);
    const error = await failure(fetchFile(source, quick));
    expect(error.message).toContain(`what arrived has SHA-256 ${sha256(forged)}; published is ${sha256(weights)}`);
    expect(error.exitCode).toBe(1);
    expect(readdirSync(cached('blobs'))).toEqual([]);
    expect(findFile(source)).toBeUndefined();
  });

  it('that is longer than published is refused, and not kept by the next attempt', async () => {
    server.forged.set(`${REPO}/model.safetensors`, noise(1_200_000, 9));
    expect((await failure(fetchFile(source, quick))).message).toContain('sends more than the 1000000 bytes it said');
    server.forged.clear();
    expect((await failure(fetchFile(source, quick))).message).toContain('It was removed');
    expectWeights(await fetchFile(source, quick));
  });

  it('that the hub changed since hilum learned of it is refused before it is fetched', async () => {
    const error = await failure(fetchFile({ ...source, sha256: 'a'.repeat(64) }, quick));
    expect(error.message).toContain(`found SHA-256 ${sha256(weights)} at revision 'main'; expected ${'a'.repeat(64)}`);
    expect(existsSync(cached('blobs'))).toBe(false);
  });

  it('of a part that is damaged is found out, and fetched anew by the next attempt', async () => {
    mkdirSync(dirname(blob), { recursive: true });
    writeFileSync(`${blob}.hilum.incomplete`, Buffer.alloc(1000));
    expect((await failure(fetchFile(source, quick))).message).toContain('It was removed');
    expectWeights(await fetchFile(source, quick));
  });

  it('of a part that is too long is fetched anew', async () => {
    mkdirSync(dirname(blob), { recursive: true });
    writeFileSync(`${blob}.hilum.incomplete`, Buffer.alloc(2_000_000));
    expectWeights(await fetchFile(source, quick));
  });
});

describe.runIf(process.platform === 'linux')('a disk', () => {
  it('that is full is named, with what to do', async () => {
    mkdirSync(dirname(blob), { recursive: true });
    symlinkSync('/dev/full', `${blob}.hilum.incomplete`);
    const error = await failure(fetchFile(source, quick));
    expect(error.message).toBe(
      `hf:${REPO}/model.safetensors: the disk of ${dirname(blob)} is full. Make room; the same command goes on.`,
    );
    expect(error.exitCode).toBe(1);
  });

  it('too small is found out before', async () => {
    server.claimedSize = 10 ** 17;
    expect((await failure(fetchFile(source, quick))).message).toMatch(
      /MB free; expected 100000000000\.0 MB for hf:org/,
    );
    expect(server.requests('storage').map(({ range }) => range)).toEqual(['bytes=0-0']);
  });
});

describe('an interruption', () => {
  it('keeps what has arrived', async () => {
    server.slow = 20;
    const stop = new AbortController();
    const onProgress = (done: number) => done > 200_000 && stop.abort();
    const error = await failure(fetchFile(source, { ...quick, onProgress, signal: stop.signal }));
    expect(error).toBeInstanceOf(Interrupted);
    server.slow = 0;
    expectWeights(await fetchFile(source, quick));
    expect(Number(/=(\d+)-/.exec(server.seen.at(-1)!.range!)![1])).toBeGreaterThan(200_000);
  });

  it('ends a pause', async () => {
    server.hubFails.push({ status: 429, headers: { 'Retry-After': '60' } });
    const signal = AbortSignal.timeout(100);
    expect(await failure(fetchFile(source, { ...quick, signal }))).toBeInstanceOf(Interrupted);
  });
});

it.runIf(process.platform === 'linux')('two that want the same file at once fetch it once', async () => {
  server.slow = 5;
  const paths = await Promise.all([fetchFile(source, quick), fetchFile(source, quick)]);
  expect(paths[0]).toBe(paths[1]);
  expectWeights(paths[0]!);
  expect(server.requests('storage').filter(({ range }) => range !== 'bytes=0-0')).toHaveLength(1);
});
