import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../base/index.js';
import { makeFolder } from './fixtures/make-folder.js';
import { findImages, publishedFile, publishedFileIfAny } from './image-files.js';

describe('image files', () => {
  const files = {
    'a/1.png': '',
    'a/2.PNG': '',
    'a/._1.png': '',
    'a/3.jpg': '',
    'a/3.dcm': '',
    'a/notes.txt': '',
    'b/1.png': '',
    'b/x/y/4.dcm': '',
    'b/.cache/5.dcm': '',
  };

  it('finds ids with or without ending, the earlier folder and the earlier ending first', () => {
    const root = makeFolder(files);
    const search = { root, folders: ['a', 'missing', 'b'], endings: ['.dcm', '.png', '.jpg'], expected: 'images' };
    expect(Object.fromEntries(findImages({ ...search, bareIds: true }))).toEqual({
      1: join(root, 'a/1.png'),
      2: join(root, 'a/2.PNG'),
      3: join(root, 'a/3.dcm'),
    });
    const named = findImages(search);
    expect([...named.keys()].sort()).toEqual(['1.png', '2.PNG', '3.dcm', '3.jpg']);
  });

  it('looks below folders only where asked, and never in a circle', () => {
    const root = makeFolder(files);
    symlinkSync(root, join(root, 'b', 'x', 'loop'));
    const search = { root, folders: ['b'], endings: ['.dcm', '.png'], bareIds: true, expected: 'images' };
    expect([...findImages(search).keys()]).toEqual(['1']);
    expect([...findImages({ ...search, deep: true }).keys()]).toEqual(['1', '4']);
  });

  it('says where it looked in vain', () => {
    const root = makeFolder({ 'a/1.txt': '' });
    const search = { root, endings: ['.dcm', '.png'], expected: 'DICOM files in a/' };
    expect(() => findImages({ ...search, folders: ['a'] })).toThrow(
      `${root}: found no .dcm, .png file in ${join(root, 'a')}; expected DICOM files in a/`,
    );
    expect(() => findImages({ ...search, folders: ['b'] })).toThrow('found no folder of images');
  });

  it('takes the first published file there is, compressed or not', () => {
    const root = makeFolder({ 'b.csv.gz': '', 'c.csv': '' });
    expect(publishedFile(root, ['a.csv', 'b.csv', 'c.csv'], 'A set')).toBe(join(root, 'b.csv.gz'));
    expect(publishedFileIfAny(root, ['d.csv'])).toBeUndefined();
    expect(() => publishedFile(root, ['d.csv', 'e.csv'], 'A set')).toThrow(InputError);
    expect(() => publishedFile(root, ['d.csv', 'e.csv'], 'A set')).toThrow(
      `${root}: found no d.csv or e.csv; expected A set as published`,
    );
  });
});
