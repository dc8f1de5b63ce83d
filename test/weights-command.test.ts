/** `hilum weights list` and `fetch`, against a local server; the binary too, killed in the middle. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scanCacheDir } from '@huggingface/hub';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findPublished, locateWeights } from '../src/models/index.js';
import { hilum } from './command-line.js';
import { COMMIT, HubServer, noise, sha256 } from './hub-server.js';
import { start } from './tiny-experiment.js';

vi.mock('../cli/output.js', async (original) => (await import('./printed.js')).capturing(original));

const weights = noise(3_000_000, 5);
const config = Buffer.from('{"model_type": "dinov2"}');
const folder = mkdtempSync(join(tmpdir(), 'hilum-weights-'));
const cache = join(folder, 'hub');
const snapshot = (repo: string) => join(cache, `models--${repo.replace('/', '--')}`, 'snapshots', COMMIT);
let server: HubServer;

beforeEach(async () => {
  server = await new HubServer().start();
  server.repositories['org/model'] = {
    files: { 'model.safetensors': weights, 'config.json': config, 'README.md': config },
    commit: COMMIT,
  };
  vi.stubEnv('HF_HOME', folder);
  vi.stubEnv('TORCH_HOME', join(folder, 'torch'));
  vi.stubEnv('HOME', folder);
  vi.stubEnv('HF_ENDPOINT', server.url);
  for (const name of ['HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'HF_TOKEN', 'HF_HUB_OFFLINE'])
    vi.stubEnv(name, undefined);
});

afterEach(() => {
  server.stop();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
});

describe('hilum weights', () => {
  it('fetches a repository: weights and what describes them, into a cache that the library reads', async () => {
    const { code, out } = await hilum('weights', 'fetch', 'hf:org/model');
    expect([code, out.trim()]).toEqual([0, join(snapshot('org/model'), 'model.safetensors')]);
    expect(readdirSync(snapshot('org/model'))).toEqual(['config.json', 'model.safetensors']);
    const { repos, warnings } = await scanCacheDir(cache);
    expect(warnings).toEqual([]);
    expect(repos[0]!.id).toEqual({ name: 'org/model', type: 'model' });
    expect(repos[0]!.revisions).toMatchObject([
      { commitOid: COMMIT, refs: ['main'], size: weights.length + config.length },
    ]);

    expect(locateWeights('hf:org/model').path).toBe(out.trim());
    const before = server.seen.length;
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect((await hilum('weights', 'fetch', 'hf:org/model', '--json')).out).toContain(out.trim());
    expect(server.seen.length).toBe(before);
  });

  it('fetches all parts of sharded weights', async () => {
    const index = Buffer.from(JSON.stringify({ weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors' } }));
    server.repositories['org/large'] = {
      files: {
        'model.safetensors.index.json': index,
        'model-1.safetensors': weights,
        'model-2.safetensors': noise(2000, 1),
      },
      commit: COMMIT,
    };
    expect((await hilum('weights', 'fetch', 'hf:org/large')).code).toBe(0);
    expect(readdirSync(snapshot('org/large')).length).toBe(3);
    expect(locateWeights('hf:org/large').path).toMatch(/index\.json$/);
  });

  it('fetches by a short name, tells the licence, lists it as here', async () => {
    const row = findPublished('rad-dino-maira-2')!;
    server.repositories['microsoft/rad-dino-maira-2'] = {
      files: { 'model.safetensors': weights, 'config.json': config, 'preprocessor_config.json': config },
      commit: COMMIT,
    };
    const before = await hilum('weights', 'list', '--json');
    expect(JSON.parse(before.out).filter(({ path }: { path?: string }) => path)).toEqual([]);
    const { out, err } = await hilum('weights', 'fetch', row.name);
    expect(err).toContain('Licence: MSRLA');
    expect(err).toContain('model.safetensors: 3 MB');
    expect(locateWeights(row.name)).toEqual({ path: out.trim(), published: row });
    const list = (await hilum('weights', 'list')).out;
    expect(list).toMatch(/^rad-dino-maira-2 +yes +86\.6 M/m);
    expect(list).toMatch(/^rad-dino {2,}86\.6 M +346 MB +MIT/m);
  });

  it('refuses a short name whose content is not the published one', async () => {
    const commit = (findPublished('dinov2-small')!.sources[0] as { revision: string }).revision;
    server.repositories['facebook/dinov2-small'] = { files: { 'model.safetensors': weights }, commit };
    const { code, err } = await hilum('weights', 'fetch', 'dinov2-small');
    expect(code).toBe(2);
    expect(err).toContain(`found SHA-256 ${sha256(weights)}`);
    expect(existsSync(cache)).toBe(false);
  });

  it('takes another revision where told', async () => {
    server.repositories['facebook/dinov2-small'] = {
      files: { 'model.safetensors': weights, 'config.json': config, 'preprocessor_config.json': config },
      commit: COMMIT,
    };
    expect((await hilum('weights', 'fetch', 'dinov2-small', '--revision', 'main')).code).toBe(0);
    expect((await hilum('weights', 'fetch', 'dinov2_vits14', '--revision', 'main')).err).toContain('no repository');
  });

  it('explains gated weights', async () => {
    server.repositories['facebook/dinov3-vitb16-pretrain-lvd1689m'] = {
      files: { 'model.safetensors': weights },
      commit: COMMIT,
      gated: true,
      branches: { pinned: (findPublished('dinov3-vitb16')!.sources[0] as { revision: string }).revision },
    };
    const { code, err } = await hilum('weights', 'fetch', 'dinov3-vitb16');
    expect(code).toBe(2);
    expect(err).toContain(
      `Open ${server.url}/facebook/dinov3-vitb16-pretrain-lvd1689m, accept the licence, make a token`,
    );
  });

  it('says what it does not know, and what is not there', async () => {
    const wrong = await hilum('weights', 'fetch', 'dinov2-bse');
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('Did you mean dinov2-base?')]);
    expect(() => locateWeights('dinov2-bse')).toThrow('Did you mean dinov2-base?');
    expect(() => locateWeights('dinov2-base')).toThrow('Run: hilum weights fetch dinov2-base');
    expect(() => locateWeights('hf:a/b')).toThrow('Run: hilum weights fetch hf:a/b');
    const own = join(folder, 'own.pth');
    writeFileSync(own, 'x');
    expect(locateWeights(own)).toEqual({ path: own });
    server.repositories['org/other'] = { files: { 'tf_model.h5': weights }, commit: COMMIT };
    const none = await hilum('weights', 'fetch', 'hf:org/other');
    expect(none.err).toContain('hf:org/other: found files tf_model.h5');
  });
});

const PYTHON = process.env.HILUM_PYTHON || '/usr/bin/python3';
const LOOK = `
import sys
from huggingface_hub import hf_hub_download, scan_cache_dir
for file in sys.argv[1:]:
    print(hf_hub_download("org/model", file, local_files_only=True))
assert not scan_cache_dir().warnings
`;

describe("Python's huggingface_hub", () => {
  const absent = spawnSync(PYTHON, ['-c', 'import huggingface_hub']).status !== 0;
  it.skipIf(absent)(`finds what hilum fetched${absent ? `: ${PYTHON} has no huggingface_hub` : ''}`, async () => {
    const { out } = await hilum('weights', 'fetch', 'hf:org/model');
    const look = spawnSync(PYTHON, ['-c', LOOK, 'model.safetensors', 'config.json'], { encoding: 'utf8' });
    expect(look.stdout.split('\n')[0], look.stderr).toBe(out.trim());
    expect(look.status).toBe(0);
  });
});

describe('the binary', () => {
  const blob = join(cache, 'models--org--model', 'blobs', sha256(weights));
  const half = async () => {
    while (!existsSync(`${blob}.hilum.incomplete`) || statSync(`${blob}.hilum.incomplete`).size < 1_000_000) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const fetchOne = () => start('weights', 'fetch', 'hf:org/model/model.safetensors');
  const contentStarts = () =>
    server
      .requests('storage')
      .filter(({ range }) => range !== 'bytes=0-0')
      .map(({ range }) => Number(/=(\d+)-/.exec(range ?? '')?.[1] ?? 0));

  it.each(['SIGKILL', 'SIGINT'] as const)('goes on after %s', async (signal) => {
    server.slow = 20;
    const first = fetchOne();
    await half();
    first.child.kill(signal);
    expect((await first.outcome).code).toBe(signal === 'SIGINT' ? 130 : null);
    server.slow = 0;
    const second = await fetchOne().outcome;
    expect(second, second.err).toMatchObject({ code: 0 });
    expect(sha256(readFileSync(second.out.trim()))).toBe(sha256(weights));
    expect(contentStarts()).toEqual([0, expect.any(Number)]);
    expect(contentStarts()[1]).toBeGreaterThanOrEqual(1_000_000);
  });

  it.runIf(process.platform === 'linux')('fetches once where two want the same', async () => {
    server.slow = 20;
    const outcomes = await Promise.all([fetchOne().outcome, fetchOne().outcome]);
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
    expect(outcomes[0]!.out).toBe(outcomes[1]!.out);
    expect(sha256(readFileSync(blob))).toBe(sha256(weights));
    expect(contentStarts()).toEqual([0]);
  });
});
