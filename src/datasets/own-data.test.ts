import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { makeFolder } from './fixtures/make-folder.js';
import { messageFrom } from './fixtures/message-from.js';
import { indexOwnData } from './own-data.js';
import type { RadiographDataset, RadiographOptions } from './radiograph.js';

const index = (root: string, options: Partial<RadiographOptions> = {}) => indexOwnData({ root, seed: 1, ...options });
const labelsOf = ({ radiographs }: RadiographDataset) =>
  Object.fromEntries(radiographs.map(({ id, labels }) => [id, [...labels]]));

const PLAIN = `
table: labels.csv
images: images
columns: { image: file, patient: pid, split: part, view: view, sex: sex, age: age }
findings: [Cardiomegaly, Pleural_effusion, Stent]
`;
const CSV = `file,pid,part,view,sex,age,Cardiomegaly,Pleural_effusion,Stent,other
a/1.png,p1,train,PA,M,58,1,0,no,x
a/2.png,p1,train,AP,F,058Y,0,1,YES,x
b/1.png,p2,val,pa,male,,1.0,0.0,false,x
b/2.png,p3,test,PA,,7.5,,True,1,x
b/3.png,p3,test,LL,U,90,1,1,1,x
b/4.png,p3,test,PA,M,90,1,1,1,x
`;
const IMAGES = {
  'images/a/1.png': '',
  'images/a/2.png': '',
  'images/b/1.png': '',
  'images/b/2.png': '',
  'images/b/3.png': '',
};
const plain = (files: Record<string, string | Uint8Array> = {}) =>
  makeFolder({ 'hilum.yaml': PLAIN, 'labels.csv': CSV, ...IMAGES, 'images/b/stranger.png': '', ...files });

describe("a table of one's own", () => {
  it('reads images, patients, splits, views, sexes, ages and labels', () => {
    const root = plain();
    const dataset = index(root);
    expect(dataset.findings).toEqual([
      { name: 'Cardiomegaly', shared: 'cardiomegaly' },
      { name: 'Pleural_effusion', shared: 'pleural effusion' },
      { name: 'Stent', shared: null },
    ]);
    const [first, second, third, fourth] = dataset.radiographs;
    const path = join(root, 'images', 'a', '1.png');
    expect(first).toMatchObject({
      id: 'a/1.png',
      path,
      patient: 'p1',
      split: 'train',
      view: 'PA',
      sex: 'M',
      ageYears: 58,
    });
    expect(second).toMatchObject({ split: 'train', view: 'AP', sex: 'F', ageYears: 58 });
    expect(third).toMatchObject({ split: 'validate', sex: 'M', ageYears: Number.NaN });
    expect(fourth).toMatchObject({ split: 'test', sex: null, ageYears: 7.5 });
    expect(labelsOf(dataset)).toEqual({
      'a/1.png': [1, 0, 0],
      'a/2.png': [0, 1, 1],
      'b/1.png': [1, 0, 0],
      'b/2.png': [Number.NaN, 1, 1],
    });
    expect(dataset.rowsWithoutImage).toEqual(['b/4.png']);
    expect(dataset.imagesWithoutRow).toEqual(['b/stranger.png']);
    expect(dataset.notes).toContain('1 images of view LL are not frontal and are left out');
    expect(Object.keys(first!)).not.toContain('found');
  });

  it('reads scanners and sites, and leaves out what is blank', () => {
    const yaml = PLAIN.replace('age: age', 'age: age, scanner: machine, site: place');
    const cells = [',machine,place', ', ,'];
    const table = CSV.trim().replace(/$/gm, () => cells.shift() ?? ',Maker 7, north');
    const facts = index(plain({ 'hilum.yaml': yaml, 'labels.csv': `${table}\n` })).radiographs;
    expect(facts.slice(0, 2).map(({ scanner, site }) => [scanner, site])).toEqual([
      [undefined, undefined],
      ['Maker 7', 'north'],
    ]);
  });

  it('keeps every view where asked, and every row where images are not looked for', () => {
    const root = plain();
    expect(index(root, { views: 'all' }).radiographs.map(({ id }) => id)).toContain('b/3.png');
    const all = index(root, { views: 'all', requireImages: false });
    expect(all.radiographs).toHaveLength(6);
    expect(all.radiographs[5]!.path).toBe(join(root, 'images', 'b', '4.png'));
    expect(all.rowsWithoutImage).toEqual([]);
  });

  it('reads the same from CSV, compressed CSV, TSV and other separators', () => {
    const expected = labelsOf(index(plain()));
    const tsv = CSV.replaceAll(',', '\t');
    const variants: Record<string, string | Uint8Array>[] = [
      { 'labels.csv.gz': gzipSync(CSV), 'hilum.yaml': PLAIN.replace('labels.csv', 'labels.csv.gz') },
      { 'labels.tsv': tsv, 'hilum.yaml': PLAIN.replace('labels.csv', 'labels.tsv') },
      { 'labels.csv': CSV.replaceAll(',', ';'), 'hilum.yaml': `${PLAIN}separator: ";"\n` },
    ];
    for (const files of variants) expect(labelsOf(index(plain(files)))).toEqual(expected);
  });

  it('reads Parquet, with 16 rows of each row group or with all at once', () => {
    const yaml = `
table: table.parquet
columns: { image: image, patient: patient, sex: sex, age: age }
findings: [{ name: Effusion, column: effusion, shared: pleural effusion, threshold: 2 }, { name: Mass, column: mass }]
`;
    const [snappy, zstd] = ['snappy', 'zstd-v2-groups'].map((name) => {
      const root = makeFolder({ 'own.yaml': yaml });
      copyFileSync(join(import.meta.dirname, 'fixtures', 'parquet', `${name}.parquet`), join(root, 'table.parquet'));
      return index(root, { description: 'own.yaml', requireImages: false }).radiographs.map(
        ({ path, ...rest }) => rest,
      );
    });
    expect(snappy).toHaveLength(60);
    expect(snappy).toEqual(zstd);
    expect(snappy![5]).toMatchObject({ id: 'p002/0005.png', patient: '1002', sex: null, ageYears: 22.5 });
    expect(snappy!.slice(0, 4).map(({ labels }) => [...labels])).toEqual([
      [Number.NaN, 1],
      [0, 0],
      [1, 0],
      [1, 1],
    ]);
  });

  it('draws the splits by patient where the table has none', () => {
    const root = plain({ 'hilum.yaml': PLAIN.replace(' split: part,', '') });
    const { radiographs, notes } = index(root, { testFraction: 0.34, validationFraction: 0.5 });
    expect(new Set(radiographs.map(({ split }) => split))).toEqual(new Set(['train', 'validate', 'test']));
    expect(notes.join('\n')).toContain('test split: 1 patients drawn from all');
  });

  it('keeps the findings asked for, by either name', () => {
    const { findings, radiographs } = index(plain(), { findings: ['pleural effusion', 'Stent'] });
    expect(findings.map(({ name }) => name)).toEqual(['Pleural_effusion', 'Stent']);
    expect([...radiographs[1]!.labels]).toEqual([1, 1]);
  });
});

describe("the labels of a table of one's own", () => {
  const HEAD = 'table: t.csv\ncolumns: { image: f, patient: f }\n';
  const table = (yaml: string, header: string, cells: string[]) =>
    makeFolder({
      'hilum.yaml': HEAD + yaml,
      't.csv': [`f,${header}`, ...cells.map((row, i) => `${i}.png,${row}`)].join('\n'),
    });
  const read = (yaml: string, header: string, cells: string[], options: Partial<RadiographOptions> = {}) => {
    const dataset = index(table(yaml, header, cells), { requireImages: false, ...options });
    return { findings: dataset.findings, labels: Object.values(labelsOf(dataset)) };
  };

  it('combines columns: positive where one is, unknown where none is but one is unknown', () => {
    const yaml = `
findings:
  - { name: Pleural effusion, columns: [left, right], positive: [3, 4], negative: [1, 2] }
noFinding: No finding
`;
    const { findings, labels } = read(yaml, 'left,right', ['3,1', '1,4', '1,2', ',4', '2,']);
    expect(findings.map(({ shared }) => shared)).toEqual(['pleural effusion', 'no finding']);
    expect(labels).toEqual([
      [1, 0],
      [1, 0],
      [0, 1],
      [1, 0],
      [Number.NaN, Number.NaN],
    ]);
  });

  it('compares grades with a threshold', () => {
    const yaml = 'findings: [{ name: Edema, column: grade, threshold: 2, unknown: ["", -1] }]';
    expect(read(yaml, 'grade', ['0', '1.5', '2', '4.0', '-1', '']).labels.flat()).toEqual([
      0,
      0,
      1,
      1,
      Number.NaN,
      Number.NaN,
    ]);
    expect(messageFrom(() => read(yaml, 'grade', ['mild']))).toContain(
      't.csv: row 2, grade: found "mild"; expected one of: a number',
    );
  });

  it('lets the policy say what an uncertain label counts as', () => {
    const yaml = 'findings: [Mass, Nodule]\nvalues: { uncertain: -1 }';
    const cells = ['-1,1', '-1.0,0', '1,1'];
    expect(read(yaml, 'Mass,Nodule', cells).labels).toEqual([
      [0, 1],
      [0, 0],
      [1, 1],
    ]);
    expect(read(yaml, 'Mass,Nodule', cells, { uncertain: 'ones' }).labels).toEqual([
      [1, 1],
      [1, 0],
      [1, 1],
    ]);
    expect(read(yaml, 'Mass,Nodule', cells, { uncertain: 'ignore' }).labels).toEqual([
      [Number.NaN, 1],
      [Number.NaN, 0],
      [1, 1],
    ]);
  });

  it('reads a list column, whose words may be renamed, joined or passed over', () => {
    const yaml = `
labels:
  column: found
  separator: ";"
  names: { Erguss rechts: Pleural effusion, Erguss links: Pleural effusion, Stauung: congestion, ZVK: null }
  none: o.B.
noFinding: No finding
`;
    const cells = ['Erguss rechts; Stauung', 'erguss links;Erguss rechts', 'o.B.', 'ZVK', 'Stauung;ZVK'];
    const { findings, labels } = read(yaml, 'found', cells);
    expect(findings).toEqual([
      { name: 'Pleural effusion', shared: 'pleural effusion' },
      { name: 'congestion', shared: 'congestion' },
      { name: 'No finding', shared: 'no finding' },
    ]);
    expect(labels).toEqual([
      [1, 1, 0],
      [1, 0, 0],
      [0, 0, 1],
      [0, 0, 0],
      [0, 1, 0],
    ]);
    for (const [cell, message] of [
      ['Pneumonie', 't.csv: row 2, found: found "pneumonie"; expected some of: o.b., erguss rechts'],
      ['', 't.csv: row 2, found: found nothing; expected some of'],
      ['o.B.;ZVK', 'found "o.B.;ZVK"; expected "o.b." to stand alone'],
    ]) {
      expect(messageFrom(() => read(yaml, 'found', [cell!]))).toContain(message);
    }
  });

  it('refuses a word without a meaning, and one with two', () => {
    const yaml = 'findings: [Mass]';
    expect(messageFrom(() => read(yaml, 'Mass', ['1', 'maybe']))).toMatch(
      /t\.csv: row 3, Mass: found "maybe"; expected one of: 1, true, yes, 0, false, no, nothing\. Say in .*hilum\.yaml what it means/,
    );
    expect(messageFrom(() => read('findings: [{ name: Mass, positive: [0, 1] }]', 'Mass', ['1']))).toContain(
      'hilum.yaml: Mass: found "0" with two meanings',
    );
    expect(
      messageFrom(() => read('findings: [Mass, { name: Tumour, shared: mass }]', 'Mass,Tumour', ['1,1'])),
    ).toContain('findings: found "mass" twice');
  });
});

describe('a faulty description', () => {
  it.each([
    ['findngs: [Mass]', 'findngs: found an unknown key; expected one of: table, separator, images,'],
    [
      'findings: [Mass]\nlabels: { column: a, names: [b] }',
      'findings: found ["Mass"]; expected either "findings" or "labels".',
    ],
    ['', 'findings: found nothing; expected either "findings" or "labels".'],
    ['findings: []', 'findings: found []; expected a list of at least 1 entry.'],
    [
      'findings: [{ name: Mass, colum: a }]',
      'findings[0].colum: found an unknown key; expected one of: name, column, columns,',
    ],
    ['findings: [{ name: Mass, shared: tumour }]', 'findings[0].shared: found "tumour"; expected one of: no finding,'],
    ['findings: [{ name: Mass, threshold: two }]', 'findings[0].threshold: found "two"; expected a number.'],
    ['findings: [{ name: Mass, threshold: 2, positive: 3 }]', 'no "threshold" beside "positive" or "negative"'],
    ['findings: [{ name: Mass, column: a, columns: [b] }]', '"column" or "columns", not both'],
    ['findings: [Mass]\nmatch: name', 'match: found "name"; expected one of: path, file, sop-instance-uid,'],
    ['findings: [Mass]\nextension: png', 'extension: found "png"; expected an ending such as ".png".'],
    ['findings: [Mass]\nageUnit: weeks', 'ageUnit: found "weeks"; expected one of: years, months, days.'],
    ['findings: [Mass]\nsplits: { train: { a: 1 } }', 'splits.train[0]: found'],
  ])('%s', (yaml, message) => {
    const root = makeFolder({
      'hilum.yaml': `table: t.csv\ncolumns: { image: f, patient: p }\n${yaml}`,
      't.csv': 'f,p\n',
    });
    expect(messageFrom(() => index(root))).toContain(message);
  });

  it('names what is missing: description, patient column, table, column, folder', () => {
    expect(messageFrom(() => index(makeFolder({})))).toContain('hilum.yaml: found no such file');
    const noPatient = PLAIN.replace(' patient: pid,', '');
    expect(messageFrom(() => index(plain({ 'hilum.yaml': noPatient })))).toContain(
      'columns.patient: found nothing; expected the column',
    );
    expect(messageFrom(() => index(plain({ 'hilum.yaml': PLAIN.replace('labels.csv', 'x.csv') })))).toContain(
      'x.csv: found no such file',
    );
    const wrongColumn = messageFrom(() => index(plain({ 'hilum.yaml': PLAIN.replace('Stent]', 'Stents]') })));
    expect(wrongColumn).toContain('expected a column "Stents". Correct the description, or the header.');
    expect(
      messageFrom(() => index(plain({ 'hilum.yaml': PLAIN.replace('images: images', 'images: pictures') }))),
    ).toContain('found no such folder');
  });

  it('that is hostile is refused in no time', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 12; i++) {
      const [name, last] = [String.fromCharCode(97 + i), String.fromCharCode(96 + i)];
      bomb.push(`${name}: &${name} [${`*${last}, `.repeat(9)}]`);
    }
    const start = performance.now();
    for (const yaml of [
      bomb.join('\n'),
      '['.repeat(100_000),
      '- '.repeat(50_000),
      'a: '.repeat(9),
      'x'.repeat(2 ** 17 + 1),
      '\0\0',
      '42',
    ]) {
      expect(messageFrom(() => index(makeFolder({ 'hilum.yaml': yaml })))).toContain('hilum.yaml');
    }
    expect(performance.now() - start).toBeLessThan(10_000);
  }, 30_000);
});

describe("the rows of a table of one's own", () => {
  it.each([
    ['../../etc/passwd', 'row 8, file: found "../../etc/passwd"; expected an image inside'],
    ['/etc/passwd', 'row 8, file: found "/etc/passwd"; expected an image inside'],
    ['a/../../hilum.yaml', 'found "a/../../hilum.yaml"; expected an image inside'],
    ['..\\..\\boot.ini', 'found "..\\..\\boot.ini"; expected an image inside'],
    ['C:/boot.ini', 'found "C:/boot.ini"; expected an image inside'],
    ['', 'row 8, file: found nothing; expected an image inside'],
    ['a/1.png', 'row 8: found a/1.png again; expected one row per image'],
  ])('refuses the image %s, looked for or not', (cell, message) => {
    const root = plain({ 'labels.csv': `${CSV}${cell},p9,train,PA,M,1,1,1,1,x\n` });
    expect(messageFrom(() => index(root))).toContain(message);
    expect(messageFrom(() => index(root, { requireImages: false }))).toContain(message);
  });

  it.each([
    ['', 'train', 'M', '58', 'row 8, pid: found nothing; expected an identifier'],
    [
      'p9',
      'holdout',
      'M',
      '58',
      'row 8, part: found "holdout"; expected one of: train, validate, validation, valid, val, test',
    ],
    [
      'p9',
      'train',
      'X',
      '58',
      'row 8, sex: found "X"; expected one of: m, male, f, female, nothing, o, u, other, unknown',
    ],
    ['p9', 'train', 'M', 'old', 'row 8, age: found "old"'],
  ])('refuses patient "%s", split "%s", sex "%s", age "%s"', (pid, part, sex, age, message) => {
    const root = plain({ 'labels.csv': `${CSV}a/9.png,${pid},${part},PA,${sex},${age},1,1,1,x\n` });
    expect(messageFrom(() => index(root))).toContain(message);
  });

  it('takes words for splits, views, sexes and ages from the description', () => {
    const yaml = `${PLAIN}splits: { train: [1, 2], validate: 3, test: 4 }\nviews: { frontal: [antero-posterior, ""] }\nsexes: { M: 1, F: 2, unknown: 9 }\nageUnit: months\n`;
    const csv = `file,pid,part,view,sex,age,Cardiomegaly,Pleural_effusion,Stent
a/1.png,p1,1,Antero-Posterior,1,18,1,1,1
a/2.png,p2,3,,2,6,1,1,1
b/1.png,p3,4.0,lateral,9,12,1,1,1
b/2.png,p4,4,,9,12,1,1,1
`;
    const { radiographs } = index(plain({ 'hilum.yaml': yaml, 'labels.csv': csv }));
    expect(radiographs.map(({ id, split, sex, ageYears }) => [id, split, sex, ageYears])).toEqual([
      ['a/1.png', 'train', 'M', 1.5],
      ['a/2.png', 'validate', 'F', 0.5],
      ['b/2.png', 'test', null, 1],
    ]);
  });

  it('finds images by name at any depth, and refuses a name that two files have', () => {
    const yaml = PLAIN.replace('images: images', 'images: images\nmatch: file');
    const csv =
      'file,pid,part,view,sex,age,Cardiomegaly,Pleural_effusion,Stent\nstranger,p1,train,PA,M,1,1,1,1\n2.png,p2,train,PA,M,1,1,1,1\n3,p3,test,PA,M,1,1,1,1\n';
    const root = plain({ 'hilum.yaml': yaml, 'labels.csv': csv.replace('2.png', 'x.png') });
    const { radiographs, rowsWithoutImage } = index(root);
    expect(radiographs[0]!.path).toBe(join(root, 'images', 'b', 'stranger.png'));
    expect(rowsWithoutImage).toEqual(['x.png']);
    const twice = csv.replace('stranger', '1');
    expect(messageFrom(() => index(plain({ 'hilum.yaml': yaml, 'labels.csv': twice })))).toContain(
      'row 2, file: found "1", the name of 2 files: a/1.png, b/1.png; expected the name of one file',
    );
  });

  it('indexes 200,000 rows in about a second', () => {
    const lines = Array.from(
      { length: 200_000 },
      (_, i) => `${i >> 8}/${i}.png,p${i >> 1},train,PA,M,58,${i % 2},${i % 3 === 0 ? 1 : 0},no,x`,
    );
    const root = makeFolder({ 'hilum.yaml': PLAIN, 'labels.csv': [CSV.split('\n')[0], ...lines].join('\n') });
    const times = [1, 2].map(() => {
      const start = process.cpuUsage();
      expect(index(root, { requireImages: false, testFraction: 0.2 }).radiographs).toHaveLength(200_000);
      return process.cpuUsage(start).user / 1e6;
    });
    // About 0.7 s of processor time on a quiet machine.
    expect(Math.min(...times)).toBeLessThan(4);
  });
});
