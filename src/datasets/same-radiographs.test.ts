import { describe, expect, it } from 'vitest';
import type { Radiograph } from './radiograph.js';
import { type OpenedSource, seenRadiographs } from './same-radiographs.js';

function source(type: string, rows: [id: string, patient: string, path?: string][], root = '/data'): OpenedSource {
  const known = { split: 'train', view: null, sex: null, ageYears: Number.NaN, labels: new Float32Array(0) } as const;
  const radiographs = rows.map(([id, patient, path = `${root}/${type}/${id}`]): Radiograph => {
    return { ...known, id, patient, path };
  });
  return { type, root, radiographs };
}

describe('radiographs that a training has seen', () => {
  const nih = source('chestxray14', [
    ['1_000.png', '1'],
    ['2_000.png', '2'],
  ]);

  it('are those of its patients, in every data set of the publisher', () => {
    const google = source('google-nih', [
      ['1_000.png', '1'],
      ['2_007.png', '2'],
      ['3_000.png', '3'],
    ]);
    expect(seenRadiographs(nih, google)).toEqual({ seen: [true, true, false], certain: true });
  });

  it('are not those of other publishers, whose numbers mean other patients', () => {
    const chexpert = source('chexpert', [['1_000.png', '1']]);
    expect(seenRadiographs(nih, chexpert)).toEqual({ seen: [false], certain: true });
  });

  it('are equal files, whatever they are called, with all radiographs of their patients', () => {
    const table = source('table', [
      ['a', 'p', '/data/chestxray14/1_000.png'],
      ['b', 'p', '/elsewhere/b.png'],
      ['c', 'q', '/elsewhere/c.png'],
    ]);
    expect(seenRadiographs(nih, table)).toEqual({ seen: [true, true, false], certain: true });
    const other = source('table', [['x', 'p', '/elsewhere/x.png']], '/other');
    expect(seenRadiographs(table, other).seen).toEqual([false]);
    expect(seenRadiographs(table, source('table', [['x', 'p', '/elsewhere/x.png']])).seen).toEqual([true]);
  });

  it('cannot be told where the publisher of both has no patients and other ids', () => {
    const siim = source('siim-pneumothorax', [['1.2.276', '1.2.276']]);
    expect(seenRadiographs(nih, siim)).toEqual({ seen: [false], certain: false });
    const vindr = source('vindr-cxr', [['abc', 'abc']]);
    expect(seenRadiographs(vindr, source('vinbigdata', [['abc', 'abc']]))).toEqual({ seen: [true], certain: true });
  });
});
