import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { printed } from '../../../test/printed.js';
import { main } from '../../main.js';

vi.mock('../../output.js', async (original) => (await import('../../../test/printed.js')).capturing(original));

const folder = mkdtempSync(join(tmpdir(), 'hilum-dedup-command-'));
const [pictures, out, html] = [join(folder, 'pictures'), join(folder, 'list.csv'), join(folder, 'page.html')];
const png = (pixels: number[]) =>
  sharp(Uint8Array.from(pixels), { raw: { width: 2, height: 2, channels: 1 } }).resize(40, 40);
mkdirSync(pictures);
writeFileSync(join(pictures, '1.png'), await png([0, 90, 255, 30]).png().toBuffer());
writeFileSync(join(pictures, '2.webp'), await png([0, 90, 255, 30]).webp({ lossless: true }).toBuffer());
writeFileSync(join(pictures, '3.png'), await png([200, 0, 10, 220]).png().toBuffer());
writeFileSync(join(pictures, '4.png'), 'broken');
const dedup = (...args: string[]) =>
  main(['data', 'dedup', pictures, '--out', out, '--cache', join(folder, 'cache'), ...args]);

afterEach(() => {
  printed.out = '';
  printed.err = '';
  process.exitCode = undefined;
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('hilum data dedup', () => {
  it('writes the list and the page, and says what it found', async () => {
    expect(await dedup('--html', html)).toBe(0);
    expect(printed.out).toContain('1 of 4 pictures are there again, in 1 group: 1 with equal pixels');
    expect(printed.err).toContain('1 pictures cannot be read: 4.png (');
    expect(readFileSync(out, 'utf8')).toMatch(
      /^group,.*\n1,pictures,1.png,keep,.*\n1,pictures,2.webp,drop,0,yes,40,40,[0-9a-f]{16}\n$/,
    );
    expect(readFileSync(html, 'utf8')).toContain('2.webp');
  });

  it('prints one JSON document', async () => {
    expect(await dedup('--json', '--distance', 'exact')).toBe(0);
    const document = JSON.parse(printed.out);
    expect(document).toMatchObject({ distance: 'exact', groups: 1, dropped: 1, identical: 1, list: out, page: null });
    expect(document.firstGroups[0].map(({ id }: { id: string }) => id)).toEqual(['1.png', '2.webp']);
    expect(document.sources[0]).toMatchObject({ name: 'pictures', pictures: 4 });
  });

  it('refuses what cannot be', async () => {
    for (const distance of ['17', '-1', 'far', '2.5']) expect(await dedup('--distance', distance)).toBe(2);
    expect(printed.err).toContain('Expected an integer from 0 to 16, or "exact"');
    expect(await main(['data', 'dedup', join(folder, 'gone'), '--out', out])).toBe(2);
    expect(printed.err).toContain('no such file or folder');
    expect(await dedup('--against', pictures)).toBe(2);
    expect(printed.err).toContain('each source once');
  });
});
