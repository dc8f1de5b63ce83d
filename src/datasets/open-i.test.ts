import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sharedData } from '../../test/shared-data.js';
import { InputError, Random, readJson } from '../base/index.js';
import { dicomFile } from './fixtures/make-dicom.js';
import { makeFolder } from './fixtures/make-folder.js';
import { messageFrom } from './fixtures/message-from.js';
import { indexOpenI } from './open-i.js';
import { readReport } from './open-i-report.js';
import type { RadiographOptions } from './radiograph.js';

interface Report {
  major?: string[];
  automatic?: string[];
  images: string[];
}

/** A report in the published form, cut down to what is read. */
function reportOf(id: string, { major = [], automatic = [], images }: Report): string {
  const terms = [
    ...major.map((term) => `<major>${term}</major>`),
    ...automatic.map((term) => `<automatic>${term}</automatic>`),
  ];
  return `<?xml version="1.0" encoding="utf-8"?>
<eCitation>
   <meta type="rr"/>
   <uId id="${id}"/>
   <MeSH>
      ${terms.join('\n      ')}
   </MeSH>
   ${images.map((image) => `<parentImage id="${image}">\n<figureId>F1</figureId>\n</parentImage>`).join('\n   ')}
</eCitation>`;
}

const REPORTS: Record<string, Report> = {
  '1': { major: ['normal'], images: ['CXR1_1_IM-0001-3001', 'CXR1_1_IM-0001-4001'] },
  '2': {
    major: ['Cardiomegaly/borderline', 'Opacity/lung/base/left'],
    automatic: ['Cardiomegaly', 'Pleural Thickening', 'calcified granuloma'],
    images: ['CXR2_IM-0652-1001', 'CXR2_IM-0652-2001'],
  },
  '10': { major: ['No Indexing'], automatic: ['atelectases'], images: ['CXR10_IM-0002-1001'] },
  '11': { major: ['Hernia, Hiatal'], automatic: ['infiltrates &amp; more', 'nodule'], images: ['CXR11_IM-0067-1001'] },
};
const METADATA = `imageid,"View
Position",View Position
CXR1_1_IM-0001-3001,,LL
CXR1_1_IM-0001-4001,,PA
CXR2_IM-0652-1001,,AP
CXR2_IM-0652-2001,"a
b",
CXR10_IM-0002-1001,,
`;
const TSNE = `imageid,tsne-view
CXR1_1_IM-0001-3001,PA
CXR2_IM-0652-2001,L
CXR10_IM-0002-1001,PA
`;
const IDS = Object.values(REPORTS).flatMap(({ images }) => images);

function folder(files: Record<string, string | Uint8Array> = {}, reports = REPORTS): string {
  const xml = Object.entries(reports).map(([n, report]) => [
    `NLMCXR_reports/ecgen-radiology/${n}.xml`,
    reportOf(`CXR${n}`, report),
  ]);
  return makeFolder({ ...Object.fromEntries(xml), ...files });
}
const pngs = (ids = IDS) => Object.fromEntries(ids.map((id) => [`NLMCXR_png/${id}.png`, '']));
const tables = { 'nlmcxr_dicom_metadata.csv.gz': gzipSync(METADATA), 'nlmcxr_tsne_pa.csv': TSNE };
const index = (root: string, options: Partial<RadiographOptions> = {}) => indexOpenI({ root, seed: 1, ...options });

describe('Open-I', () => {
  it('reads reports, views of both tables, and terms that a program found', () => {
    const root = folder({ ...pngs(), 'NLMCXR_png/CXR9_IM-1-1.png': '', ...tables });
    const dataset = index(root);
    const positive = Object.fromEntries(
      dataset.radiographs.map(({ id, labels }) => [
        id,
        dataset.findings.filter((_, i) => labels[i] === 1).map(({ name }) => name),
      ]),
    );
    expect(positive).toEqual({
      'CXR1_1_IM-0001-4001': ['No Finding'],
      'CXR2_IM-0652-1001': ['Calcified Granuloma', 'Cardiomegaly', 'Granuloma', 'Pleural_Thickening'],
      'CXR10_IM-0002-1001': ['Atelectasis'],
    });
    expect(dataset.radiographs[0]).toMatchObject({ patient: 'CXR1', view: 'PA', sex: null, ageYears: Number.NaN });
    expect(dataset.radiographs[0]!.path).toBe(join(root, 'NLMCXR_png', 'CXR1_1_IM-0001-4001.png'));
    expect(dataset.radiographs[2]!.labels[18]).toBeNaN();
    expect(dataset.imagesWithoutRow).toEqual(['CXR9_IM-1-1']);
    expect(dataset.notes).toContain(
      '2 images are not frontal and are left out: CXR1_1_IM-0001-3001, CXR2_IM-0652-2001',
    );
    expect(dataset.notes).toContain('1 images say no view and are left out: CXR11_IM-0067-1001');
    const all = index(root, { views: 'all' });
    expect(all.radiographs.map(({ id, view }) => [id, view])).toEqual([
      ['CXR1_1_IM-0001-3001', 'LL'],
      ['CXR1_1_IM-0001-4001', 'PA'],
      ['CXR2_IM-0652-1001', 'AP'],
      ['CXR2_IM-0652-2001', 'L'],
      ['CXR10_IM-0002-1001', 'PA'],
      ['CXR11_IM-0067-1001', null],
    ]);
    const splits = new Map(all.radiographs.map(({ patient, split }) => [patient, split]));
    expect(all.radiographs.every(({ patient, split }) => splits.get(patient) === split)).toBe(true);
    expect(new Set(splits.values()).size).toBe(3);
  });

  it('reads the terms that people chose, unknown where nobody did', () => {
    const options = { labels: 'major', views: 'all', findings: ['lung opacity', 'hernia', 'No Finding'] } as const;
    const { radiographs } = index(folder({ ...pngs(), ...tables }), { ...options, findings: [...options.findings] });
    const labels = new Map(radiographs.map(({ patient, labels }) => [patient, [...labels]]));
    expect(Object.fromEntries(labels)).toEqual({
      CXR1: [0, 0, 1],
      CXR2: [1, 0, 0],
      CXR10: [Number.NaN, Number.NaN, Number.NaN],
      CXR11: [0, 1, 0],
    });
    expect(messageFrom(() => index(folder(), { labels: 'manual' }))).toContain(
      'open-i: labels: found "manual"; expected one of: automatic, major',
    );
  });

  it('stops where nothing tells frontal from lateral, unless all views are asked for', () => {
    const root = folder(pngs());
    expect(messageFrom(() => index(root))).toContain(
      'found no nlmcxr_dicom_metadata.csv; expected a table that tells frontal from lateral',
    );
    const all = index(root, { views: 'all' });
    expect(all.radiographs).toHaveLength(6);
    expect(all.notes).toContain('no table of views: frontal and lateral images are mixed');
  });

  it('finds DICOM files by their own names, and views in their headers', () => {
    const root = folder({
      'NLMCXR_dcm/1/1_IM-0001-3001.dcm': dicomFile({ viewPosition: 'LL' }),
      'NLMCXR_dcm/1/1_IM-0001-4001.dcm': dicomFile({ viewPosition: 'PA' }),
      'NLMCXR_dcm/2/2_IM-0652-1001.dcm': dicomFile({ viewPosition: 'AP' }),
      'NLMCXR_dcm/10/10_IM-0002-1001.dcm': dicomFile({ viewPosition: 'AP' }),
      'NLMCXR_dcm/11/11_IM-0067-1001.dcm': 'broken',
    });
    const { radiographs, rowsWithoutImage, imagesWithoutRow, notes } = index(root);
    expect(radiographs.map(({ id, view }) => [id, view])).toEqual([
      ['CXR1_1_IM-0001-4001', 'PA'],
      ['CXR2_IM-0652-1001', 'AP'],
      ['CXR10_IM-0002-1001', 'AP'],
    ]);
    expect(radiographs[0]!.path).toBe(join(root, 'NLMCXR_dcm', '1', '1_IM-0001-4001.dcm'));
    expect([rowsWithoutImage, imagesWithoutRow]).toEqual([[], []]);
    expect(notes).toContain('2 images say no view and are left out: CXR2_IM-0652-2001, CXR11_IM-0067-1001');
  });

  it('names what is missing or named twice', () => {
    expect(messageFrom(() => index(makeFolder(pngs())))).toContain(
      'found no reports; expected XML files in NLMCXR_reports/',
    );
    expect(messageFrom(() => index(folder(tables)))).toContain('no .png, .dcm file');
    const twice = { ...REPORTS, '12': { images: ['CXR1_1_IM-0001-4001'] } };
    expect(messageFrom(() => index(folder({ ...pngs(), ...tables }, twice)))).toContain(
      '12.xml: found CXR1_1_IM-0001-4001 again',
    );
  });
});

describe('a report of Open-I', () => {
  const good = reportOf('CXR2', REPORTS['2']!);
  const read = (text: string) => readReport(join(makeFolder({ '2.xml': text }), '2.xml'));

  it('has terms in small letters with characters decoded', () => {
    expect(read(reportOf('CXR11', REPORTS['11']!)).automatic).toEqual(['infiltrates & more', 'nodule']);
    expect(read(reportOf('CXR3', { major: ['a&#233;&#x42; &lt;'], images: [] })).major).toEqual(['aéb <']);
  });

  const laughs = `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">${Array.from(
    { length: 9 },
    (_, i) => `<!ENTITY lol${i + 1} "${`&lol${i || ''};`.repeat(10)}">`,
  ).join('')}]>`;
  it.each([
    ['a billion laughs', good.replace(/<\?xml.*\?>/, laughs).replace('calcified', '&lol9;'), 'the entity "&lol9;"'],
    ['an external entity', good.replace('calcified', '&xxe;'), 'the entity "&xxe;"'],
    ['an open ampersand', good.replace('calcified', 'a & b'), 'the entity "& b'],
    ['an impossible character', good.replace('calcified', '&#x110000;'), 'the entity "&#x110000;"'],
    ['half a report', good.slice(0, 300), 'no <eCitation>, or one without its end'],
    ['no report', '<html></html>', 'no <eCitation>'],
    ['nothing', '', 'no <eCitation>'],
    ['no id', good.replace('uId', 'id'), 'no <uId>'],
    ['a strange id', good.replace('id="CXR2"', 'id="../CXR2"'), 'the id "../CXR2"'],
    ['a path for an image', good.replace('CXR2_IM-0652-1001', '../../etc/passwd'), 'the image "../../etc/passwd"'],
    ['a million elements deep', good.replace('<MeSH>', '<a>'.repeat(400_000)), 'bytes; expected a report'],
  ])('with %s is refused', (_, text, message) => {
    const start = performance.now();
    expect(messageFrom(() => read(text))).toContain(message);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('of many open brackets is read in linear time', () => {
    const start = performance.now();
    for (const part of ['<major>', '<uId id="', '&', '&#', '<major>&']) {
      const text = `<eCitation><uId id="CXR1"/>${part.repeat(Math.floor(900_000 / part.length))}</eCitation>`;
      try {
        read(text);
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('that is mutated is read or refused', () => {
    const random = Random.of(1, 'mutated report');
    const folderOf = makeFolder({});
    const original = Buffer.from(good);
    for (let round = 0; round < 2000; round++) {
      const bytes = Buffer.from(original);
      for (let i = 0; i < 1 + (round % 5); i++) bytes[random.integer(bytes.length)] = random.integer(256);
      const path = join(folderOf, `${round % 10}.xml`);
      writeFileSync(path, bytes);
      try {
        readReport(path);
      } catch (error) {
        if (!(error instanceof InputError)) throw new Error(`round ${round}: ${(error as Error).stack}`);
      }
    }
  });
});

const tablesFolder = sharedData('tables');
describe.skipIf(!tablesFolder)('300 reports of Open-I (skipped where ../shared/data is absent)', () => {
  const reference = readJson<
    Record<'automatic' | 'major', Record<string, number>> & Record<'images' | 'normal', number>
  >(join(import.meta.dirname, 'fixtures', 'open-i-reference.json'));

  it.each(['automatic', 'major'] as const)('counts the labels of "%s" as torchxrayvision\'s rule does', (labels) => {
    const { radiographs, findings } = index(tablesFolder!, { labels, views: 'all', requireImages: false });
    expect(radiographs).toHaveLength(reference.images);
    const counts = Object.fromEntries(
      findings.map(({ name }, i) => [name, radiographs.filter((radiograph) => radiograph.labels[i] === 1).length]),
    );
    const { 'No Finding': normal, ...others } = counts;
    expect(others).toEqual(reference[labels]);
    expect(normal).toBe(reference.normal);
  });

  it('tells frontal images by the published tables', () => {
    const { radiographs, notes } = index(tablesFolder!, { requireImages: false });
    // The excerpt of the metadata has 300 of the 562 images: 138 PA and 24 AP, and 50 blank ones that the other table calls PA.
    const frontal = radiographs.filter(({ view }) => view === 'PA' || view === 'AP');
    expect(frontal).toHaveLength(radiographs.length);
    expect(radiographs.filter(({ view }) => view === 'AP')).toHaveLength(24);
    expect(radiographs.length).toBeGreaterThanOrEqual(138 + 24 + 50);
    expect(notes.join('\n')).toMatch(/\d+ images say no view and are left out/);
  });

  it('reads every report', () => {
    const folderOf = join(tablesFolder!, 'NLMCXR_reports', 'ecgen-radiology');
    const reports = readdirSync(folderOf).map((name) => readReport(join(folderOf, name)));
    expect(reports.filter(({ automatic }) => automatic.length === 0)).toHaveLength(125);
    expect(reports.flatMap(({ images }) => images)).toHaveLength(562);
  });
});
