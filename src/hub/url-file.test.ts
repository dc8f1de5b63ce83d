import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { COMMIT, HubServer, noise, sha256 } from '../../test/hub-server.js';
import { type FetchOptions, fetchFile, findFile, parseSource } from './index.js';

const content = noise(300_000, 2);
const name = `resnet50-${sha256(content).slice(0, 8)}.pth`;
const quick: FetchOptions = { patience: { pause: 5, silence: 300 } };
const folder = mkdtempSync(join(tmpdir(), 'hilum-url-'));
const kept = (...names: string[]) => join(folder, 'torch', 'hub', 'checkpoints', ...names);
let server: HubServer;

beforeEach(async () => {
  server = await new HubServer().start();
  server.repositories['files/of'] = { files: { [name]: content, 'plain.pth': content }, commit: COMMIT };
  vi.stubEnv('TORCH_HOME', join(folder, 'torch'));
  vi.stubEnv('HF_HUB_OFFLINE', undefined);
});

afterEach(() => {
  server.stop();
  vi.unstubAllEnvs();
  rmSync(join(folder, 'torch'), { recursive: true, force: true });
});

const url = (file: string) => server.storageUrlOf(`files/of/${file}`);
const message = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable('it should have failed'),
    (error: Error) => error.message,
  );

it('is kept where torch.hub keeps it, and not fetched again', async () => {
  const source = { url: url(`${name}?signature=secret`) };
  const path = await fetchFile(source, quick);
  expect(path).toBe(kept(name));
  expect(sha256(readFileSync(path))).toBe(sha256(content));
  expect(readdirSync(kept())).toEqual([name]);
  const before = server.seen.length;
  expect(await fetchFile(source, quick)).toBe(path);
  expect(findFile(source)).toBe(path);
  expect(server.seen.length).toBe(before);
});

it('goes on after a cut, and by XDG_CACHE_HOME where there is no TORCH_HOME', async () => {
  vi.stubEnv('TORCH_HOME', undefined);
  vi.stubEnv('XDG_CACHE_HOME', folder);
  server.storageFails.push({ cutAfter: 100_000 });
  expect(await fetchFile({ url: url('plain.pth') }, quick)).toBe(kept('plain.pth'));
  expect(server.seen.map(({ range }) => range)).toEqual(['bytes=0-0', 'bytes=0-', 'bytes=100000-']);
});

it('is checked by the hash in its name, and by one that is given', async () => {
  const forged = noise(300_000, 3);
  server.forged.set(`files/of/${name}`, forged);
  expect(await message(fetchFile({ url: url(name) }, quick))).toContain(
    `what arrived has SHA-256 ${sha256(forged)}; published is ${sha256(content).slice(0, 8)}…`,
  );
  const wrong = fetchFile({ url: url('plain.pth'), sha256: 'b'.repeat(64) }, quick);
  expect(await message(wrong)).toContain(`published is ${'b'.repeat(64)}. It was removed`);
  expect(readdirSync(kept())).toEqual([]);
});

it('of another version is no part of this one', async () => {
  server.storageFails.push(...Array.from({ length: 5 }, () => ({ cutAfter: 50_000 })));
  await message(fetchFile({ url: url('plain.pth') }, { patience: { ...quick.patience, attempts: 1 } }));
  expect(readdirSync(kept())).toEqual([expect.stringMatching(/^plain\.pth\.[0-9a-f]{8}\.incomplete$/)]);
  server.storageFails.length = 0;
  const newer = noise(300_000, 4);
  server.repositories['files/of']!.files['plain.pth'] = newer;
  expect(sha256(readFileSync(await fetchFile({ url: url('plain.pth') }, quick)))).toBe(sha256(newer));
});

it('says what is wrong: absent, no file name, offline, a folder that cannot be', async () => {
  expect(await message(fetchFile({ url: url('none.pth') }, quick))).toMatch(/none\.pth: found HTTP status 404/);
  expect(await message(fetchFile({ url: 'https://example.org/' }, quick))).toContain('ends in a file name');
  vi.stubEnv('HF_HUB_OFFLINE', '1');
  expect(await message(fetchFile({ url: url('plain.pth') }, quick))).toContain('HF_HUB_OFFLINE forbids the network');
  vi.stubEnv('HF_HUB_OFFLINE', undefined);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'torch'), '');
  expect(await message(fetchFile({ url: url('plain.pth') }, quick))).toContain('TORCH_HOME');
  expect(existsSync(kept())).toBe(false);
});

it('is told from a repository of the hub', () => {
  const address = 'https://dl.fbaipublicfiles.com/dinov2/dinov2_vitb14/dinov2_vitb14_pretrain.pth';
  expect(parseSource(address)).toEqual({ url: address });
  expect(parseSource('hf:a/b')).toEqual({ repo: 'a/b' });
  expect(parseSource('hf:a/b@v1')).toEqual({ repo: 'a/b', revision: 'v1' });
  expect(parseSource('hf:a/b/c/d.bin@refs/pr/3')).toEqual({ repo: 'a/b', file: 'c/d.bin', revision: 'refs/pr/3' });
  expect(parseSource('https://huggingface.co/a/b')).toEqual({ repo: 'a/b' });
  expect(parseSource('https://huggingface.co/a/b/resolve/main/c.bin?download=true')).toEqual({
    repo: 'a/b',
    file: 'c.bin',
    revision: 'main',
  });
  expect(parseSource('dinov2-base')).toBeUndefined();
  expect(() => parseSource('hf:alone')).toThrow('hf:alone: found no ORG/NAME');
  expect(() => parseSource('hf:a/b/../../c')).toThrow('a path within the repository');
});
