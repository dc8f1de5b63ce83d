import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NAMINGS } from './namings/namings.js';
import { findPublished, PUBLISHED_WEIGHTS } from './published.js';

/** Parameters of the originals, as the fixtures' scripts counted them. */
function counts(fixture: string): Record<string, { parameters: number }> {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'namings/fixtures', `${fixture}-names.json`), 'utf8'));
}

describe('the table of published weights', () => {
  it('has each name once, and finds aliases', () => {
    const names = PUBLISHED_WEIGHTS.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
    expect(findPublished('vit_base_patch16_224_in21k')?.name).toBe('vit_base_patch16_224.augreg_in21k');
    expect(findPublished('nothing')).toBeUndefined();
  });

  it.each(PUBLISHED_WEIGHTS.map((row) => [row.name, row] as const))('%s is whole', (_, row) => {
    expect(NAMINGS.map(({ name }) => name)).toContain(row.naming);
    for (const source of row.sources) {
      if (source.sha256 !== undefined) expect(source.sha256).toMatch(/^(?:[0-9a-f]{64}|[0-9a-f]{8})$/);
      if ('repo' in source && source.revision !== undefined) expect(source.revision).toMatch(/^[0-9a-f]{40}$/);
      if ('url' in source) expect(source.url).toMatch(/^https:\/\/.+\.pth?$/);
    }
    // Four bytes a parameter; position embeddings of classification heads, buffers and the header are the rest.
    if (row.bytes) expect(row.bytes / (4 * (row.parameters + row.headParameters))).toBeCloseTo(1, 1);
    if (row.input?.statistics) expect(row.input.statistics.mean.length).toBe(row.input.statistics.std.length);
  });

  it.each([
    ['vit-dinov2', (name: string) => name],
    [
      'vit-transformers',
      (name: string) => name.replace(/^(?:facebook|google|microsoft)\//, '').replace(/with-registers-(.+)/, '$1-reg'),
    ],
    ['vit-timm', (name: string) => `${name}.`],
    ['dinov3-vit', (name: string) => name.replace('_', '-')],
    ['convnext-dinov3', (name: string) => name.replaceAll('_', '-')],
    ['dinov3-vit-timm', (name: string) => `${name}.`],
    ['convnext-timm', (name: string) => `${name}.`],
  ])('counts the parameters as the originals of %s', (fixture, nameOf) => {
    let compared = 0;
    for (const [original, { parameters }] of Object.entries(counts(fixture))) {
      const name = nameOf(original);
      const rows = PUBLISHED_WEIGHTS.filter(
        (row) => row.name === name || (name.endsWith('.') && row.name.startsWith(name)),
      );
      for (const row of rows) expect([row.name, row.parameters]).toEqual([row.name, parameters]);
      compared += rows.length;
    }
    expect(compared).toBeGreaterThan(0);
  });
});
