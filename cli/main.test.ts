import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { printed } from '../test/printed.js';
import { sharedData } from '../test/shared-data.js';
import { createProgram, main } from './main.js';

vi.mock('./output.js', async (original) => (await import('../test/printed.js')).capturing(original));

beforeEach(() => {
  printed.out = '';
  printed.err = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed.err += text;
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
});

function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

function pathOf(command: Command): string[] {
  return command.parent ? [...pathOf(command.parent), command.name()] : [];
}

describe('hilum', () => {
  it.each([
    [0, ['--help'], 'out', 'Exit codes'],
    [0, ['--version'], 'out', /^\d+\.\d+\.\d+/],
    [2, ['--wrong'], 'err', "unknown option '--wrong'"],
    [2, ['wrong'], 'err', "unknown command 'wrong'"],
    [2, ['data', 'check', 'chestxray14'], 'err', '--root'],
    [2, ['data', 'check', 'chestxray14', '--root', '.', '--seed', '1.5'], 'err', 'integer from 0'],
    [2, ['data', 'check', 'chestxray15', '--root', '.'], 'err', 'Did you mean "chestxray14"'],
    [2, ['data', 'check', 'chestxray14', '--root', '/nowhere/at all'], 'err', '/nowhere/at all'],
  ] as const)('ends with %i: %j', async (code, args, stream, text) => {
    expect(await main([...args])).toBe(code);
    expect(printed[stream]).toMatch(text);
    expect(printed[stream === 'out' ? 'err' : 'out']).toBe('');
    expect(printed.err).not.toMatch(/^\s+at /m);
  });

  it('shows the stack of an error with HILUM_DEBUG=1', async () => {
    vi.stubEnv('HILUM_DEBUG', '1');
    expect(await main(['data', 'check', 'chestxray14', '--root', '/nowhere'])).toBe(2);
    expect(printed.err).toMatch(/^\s+at /m);
  });

  const commands = leaves(createProgram()).map((command) => pathOf(command));
  it.each(commands.map((path) => path.join(' ')))('%s --help has examples', async (path) => {
    expect(await main([...path.split(' '), '--help'])).toBe(0);
    expect(printed.out).toMatch(/^Examples?:\n {2}hilum /m);
  });
});

describe('hilum data check', () => {
  const mini = sharedData('chestxray14-mini');
  it.skipIf(!mini)('counts the real subset, and prints one JSON document with --json', async () => {
    expect(await main(['data', 'check', 'chestxray14', '--root', mini!])).toBe(0);
    expect(printed.out).toMatch(/^Radiographs +\d+ +\d+ +169$/m);
    expect(printed.out).toMatch(/^Hernia +\d.* 0 \(0\.0 %\)$/m);
    printed.out = '';
    expect(await main(['data', 'check', 'chestxray14', '--root', mini!, '--json'])).toBe(0);
    expect(JSON.parse(printed.out).splits.test).toMatchObject({ images: 169, patients: 119 });
  });

  it.skipIf(!mini)('ends with 1 and names the image where one is broken', async () => {
    const root = mkdtempSync(join(tmpdir(), 'hilum-check-'));
    mkdirSync(join(root, 'images'));
    for (const name of ['Data_Entry_2017_v2020.csv', 'train_val_list.txt', 'test_list.txt']) {
      copyFileSync(join(mini!, name), join(root, name));
    }
    const { radiographs } = (await import('../src/datasets/index.js')).indexRadiographs('chestxray14', {
      root: mini!,
      seed: 0,
    });
    const [first, second] = radiographs;
    copyFileSync(first!.path, join(root, 'images', first!.id));
    writeFileSync(join(root, 'images', second!.id), 'no picture');

    expect(await main(['data', 'check', 'chestxray14', '--root', root])).toBe(1);
    expect(printed.out).toMatch(/^unreadable images: 1\n/m);
    expect(printed.out).toContain(`    ${second!.id}: `);
    expect(printed.out).toMatch(/^rows without image: 698\n/m);
    expect(printed.err).toMatch('problems');
    rmSync(root, { recursive: true });
  });
});

describe('hilum data stats and view', () => {
  const mini = sharedData('chestxray14-mini');
  const folder = () => {
    const path = mkdtempSync(join(tmpdir(), 'hilum-pages-'));
    onTestFinished(() => rmSync(path, { recursive: true }));
    return path;
  };

  it.skipIf(!mini)('counts without images, and writes a page with them', async () => {
    const page = join(folder(), 'stats.html');
    expect(await main(['data', 'stats', 'chestxray14', '--root', mini!, '--index-only', '--json'])).toBe(0);
    expect(JSON.parse(printed.out)).toMatchObject({ all: { images: 700, patients: 478 }, sample: null });
    printed.out = '';
    expect(await main(['data', 'stats', 'chestxray14', '--root', mini!, '--html', page])).toBe(0);
    expect(printed.out).toMatch(/^ {2}Hernia +3 .* 3 \(0\.4 %\)$/m);
    expect(printed.out).toMatch(/of \d+ sampled images: 320 x 320 pixels, 8 bits$/m);
    expect(readFileSync(page, 'utf8').length).toBeLessThan(3e6);
  });

  it.skipIf(!mini)('draws what the network sees as an experiment says, or lists it without a page', async () => {
    const page = join(folder(), 'view.html');
    const config = join(import.meta.dirname, '../experiments/chestxray14-mini.yaml');
    const view = ['data', 'view', 'chestxray14', '--root', mini!, '--count', '2', '--finding', 'Hernia'];
    expect(await main([...view, '--config', config, '--channels', '--out', page])).toBe(0);
    expect(readFileSync(page, 'utf8')).toMatch(/96 x 96 pixels.*Model input, channel 3/s);
    printed.out = '';
    expect(await main([...view, '--size', '64', '--json'])).toBe(0);
    const result = JSON.parse(printed.out);
    expect(result).toMatchObject({ page: null, preprocessing: { size: 64, equalize: true } });
    expect(result.radiographs).toHaveLength(2);
    expect(result.radiographs[0]).toMatchObject({
      labels: { Hernia: 1 },
      original: { width: 320, height: 320, bits: 8 },
    });
  });

  it.skipIf(!mini)('refuses ids and findings that are not there, and both together', async () => {
    const view = ['data', 'view', 'chestxray14', '--root', mini!];
    expect(await main([...view, '--ids', 'none.png'])).toBe(2);
    expect(await main([...view, '--finding', 'Herniaa'])).toBe(2);
    expect(await main([...view, '--finding', 'Hernia', '--ids', 'none.png'])).toBe(2);
    expect(printed.err).toMatch(/found "none.png".*Did you mean "Hernia"\?.*cannot be used with option/s);
    expect(printed.out).toBe('');
  });
});
