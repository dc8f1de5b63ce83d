import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { grayPng, makeFolder } from './fixtures/make-folder.js';
import { csvOf } from './fixtures/tables.js';
import { PADCHEST_LABELS } from './padchest-labels.js';
import { indexRadiographs, openRadiographs } from './registry.js';

const TABLE = 'PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv';

/** The 36 columns of the published table, the first without a name. */
const HEADER = [
  ',ImageID,ImageDir,StudyDate_DICOM,StudyID,PatientID,PatientBirth,PatientSex_DICOM,ViewPosition_DICOM,Projection',
  'MethodProjection,Pediatric,Modality_DICOM,Manufacturer_DICOM,PhotometricInterpretation_DICOM,PixelRepresentation_DICOM',
  'PixelAspectRatio_DICOM,SpatialResolution_DICOM,BitsStored_DICOM,WindowCenter_DICOM,WindowWidth_DICOM,Rows_DICOM',
  'Columns_DICOM,XRayTubeCurrent_DICOM,Exposure_DICOM,ExposureInuAs_DICOM,ExposureTime,RelativeXRayExposure_DICOM',
  'ReportID,Report,MethodLabel,Labels,Localizations,LabelsLocalizationsBySentence,labelCUIS,LocalizationsCUIS',
].flatMap((line) => line.split(','));

interface Row {
  id: string;
  patient?: string;
  labels?: string;
  dir?: number;
  date?: string;
  birth?: string;
  sex?: string;
  view?: string;
  maker?: string;
}

function tableOf(rows: Row[]): string {
  return csvOf(
    HEADER,
    rows.map(
      ({ id, patient = id, labels = "['normal']", dir = 0, date = '20140915', birth = '1930.0', ...rest }, i) => ({
        '': i,
        ImageID: id,
        ImageDir: dir,
        StudyDate_DICOM: date,
        PatientID: patient,
        PatientBirth: birth,
        PatientSex_DICOM: rest.sex ?? 'F',
        ViewPosition_DICOM: 'POSTEROANTERIOR',
        Projection: rest.view ?? 'PA',
        Manufacturer_DICOM: rest.maker ?? 'nan',
        WindowCenter_DICOM: '[2047, 1953]',
        Report: 'sin hallazg patolog, "rad" . cambi pulmonar cronic . no identific imagen sugest neumotorax . ',
        MethodLabel: 'RNN_model',
        Labels: labels,
        LabelsLocalizationsBySentence: "[['normal'], ['chronic changes', 'loc lung']]",
        labelCUIS: "['C0030163' 'C0742362']",
      }),
    ),
  );
}

const index = (rows: Row[], options: object = {}) =>
  indexRadiographs('padchest', {
    root: makeFolder({ [TABLE]: tableOf(rows) }),
    seed: 1,
    requireImages: false,
    ...options,
  });

/** Rows without whom no split can be drawn. */
const others: Row[] = ['x.png', 'y.png', 'z.png'].map((id) => ({ id }));

const positive = (labels: string, findings?: string[]) => {
  const dataset = index([{ id: 'a.png', labels }, ...others], { findings });
  return dataset.findings.filter((_, column) => dataset.radiographs[0]!.labels[column] === 1).map(({ name }) => name);
};

describe('PadChest', () => {
  it('reads the 36 columns: ages, sexes, projections, folders', () => {
    expect(HEADER).toHaveLength(36);
    const { radiographs, findings, root, notes } = index([
      { id: 'a.png', dir: 12, patient: '7', maker: 'ImagingDynamicsCompanyLtd' },
      { id: 'b.png', birth: '2016', sex: 'M', view: 'AP_horizontal', patient: '8' },
      { id: 'c.png', birth: '', sex: 'None', view: 'AP' },
      { id: 'd.png', date: 'nan', sex: '' },
    ]);
    expect(findings).toHaveLength(17);
    expect(radiographs[0]).toMatchObject({
      id: 'a.png',
      path: join(root, '12', 'a.png'),
      patient: '7',
      view: 'PA',
      sex: 'F',
      ageYears: 84,
      scanner: 'ImagingDynamicsCompanyLtd',
    });
    expect(radiographs[1]).not.toHaveProperty('scanner');
    expect(radiographs[1]).toMatchObject({ sex: 'M', ageYears: Number.NaN, view: 'AP_horizontal' });
    expect(radiographs[2]).toMatchObject({ sex: null, ageYears: Number.NaN, view: 'AP' });
    expect(radiographs[3]).toMatchObject({ sex: null, ageYears: Number.NaN });
    expect(notes.join('\n')).toContain('1 studies are older than the birth of the patient');
  });

  it('counts a label and those below it in the published tree, and nothing that merely contains the word', () => {
    expect(positive("['normal']")).toEqual(['normal']);
    expect(positive("['cardiomegaly', ' pleural effusion', '', 'cardiomegaly']")).toEqual([
      'cardiomegaly',
      'pleural effusion',
    ]);
    expect(positive("['hydropneumothorax']")).toEqual(['pleural effusion', 'pneumothorax']);
    expect(positive("['air bronchogram']")).toEqual(['consolidation', 'infiltrates']);
    expect(positive("['subcutaneous emphysema', 'pseudonodule']")).toEqual([]);
    expect(positive("['multiple nodules']")).toEqual(['nodule/mass']);
    expect(positive("['pulmonary mass']")).toEqual(['nodule/mass']);
    expect(positive("['supra aortic elongation']")).toEqual(['aortic elongation']);
    expect(positive("['unchanged']")).toEqual([]);
  });

  it('serves any published label, under the shared names where there are any', () => {
    expect(positive("['callus rib fracture']", ['fracture', 'rib fracture', 'pacemaker'])).toEqual([
      'fracture',
      'rib fracture',
    ]);
    expect(positive("['hiatal hernia', 'normal']", ['hernia', 'no finding', 'mass'])).toEqual([
      'hiatal hernia',
      'normal',
    ]);
    expect(positive("['unchanged', 'suboptimal study']", ['unchanged', 'suboptimal study'])).toHaveLength(2);
    expect(() => index(others, { findings: ['exclude'] })).toThrow('findings of padchest: found "exclude"');
    expect(PADCHEST_LABELS.filter((label) => label !== 'hemothorax')).toHaveLength(193);
  });

  it('leaves out what cannot be used, and says so', () => {
    const rows: Row[] = [
      { id: 'l.png', view: 'L' },
      { id: 'e.png', view: 'EXCLUDE' },
      { id: 'n.png', labels: '' },
      { id: 'm.png', labels: "['']" },
      { id: 'o.png', labels: "['exclude', 'pneumonia']" },
      { id: 'x.png' },
      ...others,
    ];
    const { radiographs, notes } = index(rows);
    expect(radiographs.map(({ id }) => id)).toEqual(['x.png', 'y.png', 'z.png']);
    expect(notes).toEqual(
      expect.arrayContaining([
        '2 rows are of other than the frontal projections and are left out: l.png, e.png',
        '2 rows have no labels and are left out: n.png, m.png',
        '1 rows are marked exclude by the publisher and are left out: o.png',
        '1 rows name an image for the second time and are left out: x.png',
      ]),
    );
    const all = index(rows, { views: 'all' });
    expect(all.radiographs.map(({ view }) => view)).toContain('L');
    expect(all.radiographs).toHaveLength(5);
  });

  it('finds images in numbered folders or in one, and reads the compressed table', async () => {
    const png = await grayPng();
    const rows = [{ id: 'a.png' }, { id: 'b.png', dir: 54 }, { id: 'c.png' }, { id: 'd.png', view: 'L' }, ...others];
    const root = makeFolder({
      [`${TABLE}.gz`]: gzipSync(tableOf(rows)),
      '0/a.png': png,
      '54/b.png': png,
      'images/c.png': png,
      'd.png': png,
      '3/stray.png': png,
    });
    const dataset = openRadiographs('padchest', { root, seed: 1 });
    expect(dataset.radiographs.map(({ path }) => path)).toEqual(
      ['0/a.png', '54/b.png', 'images/c.png'].map((path) => join(root, path)),
    );
    expect(dataset.rowsWithoutImage).toEqual(['x.png', 'y.png', 'z.png']);
    expect(dataset.imagesWithoutRow).toEqual(['stray.png']);
  });

  it('keeps the images of a patient together, a fifth of the patients in test', () => {
    const rows = Array.from({ length: 300 }, (_, i) => ({ id: `${i}.png`, patient: `${i % 100}` }));
    const { radiographs } = index(rows);
    const patients = (split: string) =>
      new Set(radiographs.filter((radiograph) => radiograph.split === split).map(({ patient }) => patient));
    expect([patients('train').size, patients('validate').size, patients('test').size]).toEqual([70, 10, 20]);
  });

  it.each([
    [
      'a list cut off',
      { labels: "['normal', 'pneu" },
      "row 2, Labels: found ['normal', 'pneu; expected a list such as",
    ],
    ['an unknown label', { labels: "['cardiomegalia']" }, 'row 2, Labels: found "cardiomegalia"; expected'],
    ['an unknown sex', { sex: 'female?' }, 'row 2, PatientSex_DICOM: found "female?"'],
    ['a date of another form', { date: '15/09/2014' }, 'row 2, StudyDate_DICOM: found "15/09/2014"'],
    ['no image id', { id: '', patient: '3' }, 'row 2, ImageID: found nothing'],
    ['no patient', { patient: '' }, 'row 2, PatientID: found nothing'],
  ])('refuses %s', (_, wrong, message) => {
    expect(() => index([{ id: 'a.png', ...wrong }, ...others])).toThrow(message);
  });

  it('names the table that is missing, and the column', () => {
    const root = makeFolder({ [TABLE]: tableOf(others).replace('Projection', 'View') });
    const missing = () => indexRadiographs('padchest', { root, seed: 1, requireImages: false });
    expect(missing).toThrow('expected a column "Projection"');
    writeFileSync(join(root, TABLE), tableOf(others));
    expect(() => indexRadiographs('padchest', { root, seed: 1 })).toThrow('no .png file');
    expect(() => indexRadiographs('padchest', { root: makeFolder({}), seed: 1 })).toThrow(`no ${TABLE}`);
  });

  it('indexes a table of the published size in about two seconds', () => {
    const lists = PADCHEST_LABELS.flatMap((a) => ['normal', 'pneumonia', 'nodule'].map((b) => `['${a}', ' ${b}']`));
    const rows = Array.from({ length: 160_861 }, (_, i) => ({
      id: `216840111366964012989926673512011${i}_00-163-058.png`,
      patient: `${i % 67_000}`,
      dir: i % 55,
      labels: lists[i % lists.length]!,
      view: i % 3 === 2 ? 'L' : 'PA',
    }));
    const root = makeFolder({ [TABLE]: tableOf(rows) });
    const start = process.cpuUsage();
    const { radiographs } = openRadiographs('padchest', { root, seed: 1, requireImages: false });
    const seconds = process.cpuUsage(start).user / 1e6;
    expect(radiographs.length).toBeGreaterThan(100_000);
    // 1.9 s of processor time on a quiet machine.
    expect(seconds).toBeLessThan(6);
  });
});
