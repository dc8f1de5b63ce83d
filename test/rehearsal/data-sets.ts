/** The six data sets of the study, small, of phantoms, in the folders and tables that their publishers chose. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { HEADER as CHESTXRAY14_HEADER } from '../../src/datasets/fixtures/make-folder.js';
import {
  CHEXPERT_HEADER,
  CHEXPERT_LABELS,
  MIMIC_LABELS_HEADER,
  MIMIC_METADATA_HEADER,
  MIMIC_SPLIT_HEADER,
  PADCHEST_HEADER,
} from '../../src/datasets/fixtures/published-tables.js';
import { csvOf } from '../../src/datasets/fixtures/tables.js';
import { EXPLICIT, element, file, image } from '../../src/imaging/dicom/fixtures/bytes.js';
import { type DrawnRadiograph, drawRadiographs, type Label, type SetSize } from './patients.js';

/** Writes all six below `root`, under the folder names of the study files. */
export async function writeStudyData(root: string, size: SetSize): Promise<void> {
  const write = { vindr, chestXray14, chexpert, mimic, uka, padchest };
  for (const [name, writeSet] of Object.entries(write)) await writeSet(root, drawRadiographs(name, size));
}

type Cells = Record<string, string | number>;

const gray = ({ pixels }: DrawnRadiograph) => {
  const side = Math.sqrt(pixels.length);
  return sharp(pixels, { raw: { width: side, height: side, channels: 1 } }).toColourspace('b-w');
};
const png = (it: DrawnRadiograph): Promise<Uint8Array> => gray(it).png().toBuffer();
const jpeg = (it: DrawnRadiograph): Promise<Uint8Array> => gray(it).jpeg({ quality: 95 }).toBuffer();

/** As PadChest's: 12 bits of 16. */
function deepPng({ pixels }: DrawnRadiograph): Promise<Uint8Array> {
  const side = Math.sqrt(pixels.length);
  const raw = { width: side, height: side, channels: 1 } as const;
  return sharp(
    Uint16Array.from(pixels, (value) => 16 * value),
    { raw },
  )
    .toColourspace('grey16')
    .png()
    .toBuffer();
}

/** As VinDr-CXR's: 14 bits, some of them inverted, sex and age in the header. */
function dicom({ pixels, patient, phantom: { body } }: DrawnRadiograph): Uint8Array {
  const side = Math.sqrt(pixels.length);
  const inverted = patient % 4 === 0;
  const values = Array.from(pixels, (value) => 64 * (inverted ? 255 - value : value));
  const photometric = inverted ? 'MONOCHROME1 ' : 'MONOCHROME2 ';
  return file(
    EXPLICIT,
    element('00080060', 'CS', 'DX'),
    element('00100040', 'CS', `${body.sex} `),
    element('00101010', 'AS', `${String(body.ageYears).padStart(3, '0')}Y`),
    ...image(side, side, {
      '00280004': element('00280004', 'CS', photometric),
      '00280101': element('00280101', 'US', [14]),
      '00280102': element('00280102', 'US', [13]),
    }),
    element('7fe00010', 'OW', values),
  );
}

function save(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

const text = (header: string, lines: readonly string[]) => `${[header, ...lines].join('\n')}\n`;
const isTest = ({ patient }: DrawnRadiograph) => patient % 3 === 0;
const isValidation = ({ patient }: DrawnRadiograph) => patient % 3 === 1 && patient % 2 === 0;

/** VinDr-CXR: DICOM; three radiologists read each training image, and the third of them overlooks what is even. */
async function vindr(root: string, radiographs: DrawnRadiograph[]): Promise<void> {
  const folder = join(root, 'vindr-cxr');
  const names: Record<string, Label | undefined> = {
    'Aortic enlargement': 'aortic elongation',
    Atelectasis: 'atelectasis',
    Calcification: undefined,
    Cardiomegaly: 'cardiomegaly',
    'Clavicle fracture': undefined,
    Consolidation: 'consolidation',
    Edema: 'edema',
    Emphysema: 'emphysema',
    'Enlarged PA': undefined,
    ILD: undefined,
    Infiltration: 'infiltrates',
    'Lung Opacity': 'lung opacity',
    'Lung cavity': undefined,
    'Lung cyst': undefined,
    'Mediastinal shift': undefined,
    'Nodule/Mass': 'nodule',
    'Pleural effusion': 'pleural effusion',
    'Pleural thickening': 'pleural thickening',
    Pneumothorax: 'pneumothorax',
    'Pulmonary fibrosis': 'fibrosis',
    'Rib fracture': 'fracture',
    'Other lesion': undefined,
    COPD: 'copd signs',
    'Lung tumor': undefined,
    Pneumonia: 'pneumonia',
    Tuberculosis: undefined,
  };
  const cellsOf = ({ labels }: DrawnRadiograph): Cells => ({
    ...Object.fromEntries(Object.entries(names).map(([name, label]) => [name, label && labels.has(label) ? 1 : 0])),
    'No finding': labels.size === 0 ? 1 : 0,
  });
  const columns = [...Object.keys(names), 'Other diseases', 'No finding'];
  const train: Cells[] = [];
  const test: Cells[] = [];
  for (const [i, it] of radiographs.entries()) {
    const id = `${(0x9a5 + i).toString(16).padStart(8, '0')}${'c3f0e2d1'.repeat(3)}`;
    if (isTest(it)) test.push({ image_id: id, ...cellsOf(it), 'Other disease': 0 });
    else
      for (const reader of ['R8', 'R9', 'R10'])
        train.push({ image_id: id, rad_id: reader, ...cellsOf(it), 'Other diseases': 0 });
    save(join(folder, isTest(it) ? 'test' : 'train', `${id}.dicom`), dicom(it));
  }
  const annotations = join(folder, 'annotations');
  save(join(annotations, 'image_labels_train.csv'), csvOf(['image_id', 'rad_id', ...columns], train));
  const consensus = columns.map((name) => (name === 'Other diseases' ? 'Other disease' : name));
  save(join(annotations, 'image_labels_test.csv'), csvOf(['image_id', ...consensus], test));
}

/** ChestX-ray14: PNG files, two lists, labels in one cell. */
async function chestXray14(root: string, radiographs: DrawnRadiograph[]): Promise<void> {
  const folder = join(root, 'ChestXray-NIHCC');
  const names: Partial<Record<Label, string>> = {
    atelectasis: 'Atelectasis',
    cardiomegaly: 'Cardiomegaly',
    consolidation: 'Consolidation',
    edema: 'Edema',
    'pleural effusion': 'Effusion',
    emphysema: 'Emphysema',
    fibrosis: 'Fibrosis',
    hernia: 'Hernia',
    infiltrates: 'Infiltration',
    mass: 'Mass',
    nodule: 'Nodule',
    'pleural thickening': 'Pleural_Thickening',
    pneumonia: 'Pneumonia',
    pneumothorax: 'Pneumothorax',
  };
  const lists = { train_val: [] as string[], test: [] as string[] };
  const rows: string[] = [];
  for (const [i, it] of radiographs.entries()) {
    const { patient, followUp, labels, phantom } = it;
    const id = `${String(patient).padStart(8, '0')}_${String(followUp).padStart(3, '0')}.png`;
    const cell = [...labels].flatMap((label) => names[label] ?? []).sort();
    const who = `${patient},${phantom.body.ageYears},${phantom.body.sex},${phantom.acquisition.view}`;
    rows.push(`${id},${cell.join('|') || 'No Finding'},${followUp},${who},2682,2749,0.143,0.143`);
    lists[isTest(it) ? 'test' : 'train_val'].push(id);
    save(join(folder, `images_${String(1 + (i % 12)).padStart(3, '0')}`, 'images', id), await png(it));
  }
  save(join(folder, 'Data_Entry_2017_v2020.csv'), text(CHESTXRAY14_HEADER, rows));
  save(join(folder, 'train_val_list.txt'), lists.train_val.join('\n'));
  save(join(folder, 'test_list.txt'), lists.test.join('\n'));
}

/** Columns of the CheXpert labeller that are about what is drawn here. */
const LABELLER: Record<string, Label> = {
  Cardiomegaly: 'cardiomegaly',
  'Lung Opacity': 'lung opacity',
  'Lung Lesion': 'nodule',
  Edema: 'edema',
  Consolidation: 'consolidation',
  Pneumonia: 'pneumonia',
  Atelectasis: 'atelectasis',
  Pneumothorax: 'pneumothorax',
  'Pleural Effusion': 'pleural effusion',
  Fracture: 'fracture',
};

/** 1.0 where it is there, else blank, 0.0 or uncertain, as the labeller leaves them. */
function labellerCells({ labels, patient }: DrawnRadiograph, columns: readonly string[]): string {
  const cells = columns.map((name, column) => {
    if (name === 'No Finding') return labels.size === 0 ? '1.0' : '';
    const label = LABELLER[name];
    return label && labels.has(label) ? '1.0' : ['', '', '0.0', '-1.0'][(patient + column) % 4]!;
  });
  return cells.join();
}

/** CheXpert 1.0: JPEG, frontal and lateral; validation in a table of its own, no test. */
async function chexpert(root: string, radiographs: DrawnRadiograph[]): Promise<void> {
  const folder = join(root, 'CheXpert-v1.0');
  const tables = { train: [] as string[], valid: [] as string[] };
  for (const it of radiographs) {
    const { patient, followUp, phantom } = it;
    const part = isValidation(it) ? 'valid' : 'train';
    const study = `${part}/patient${String(patient).padStart(5, '0')}/study${followUp + 1}`;
    const who = `${phantom.body.sex === 'M' ? 'Male' : 'Female'},${phantom.body.ageYears}`;
    const add = async (name: string, view: string) => {
      tables[part].push(`CheXpert-v1.0/${study}/${name},${who},${view},${labellerCells(it, CHEXPERT_LABELS)}`);
      save(join(folder, study, name), await jpeg(it));
    };
    await add('view1_frontal.jpg', `Frontal,${phantom.acquisition.view}`);
    if (patient % 5 === 0) await add('view2_lateral.jpg', 'Lateral,');
  }
  for (const [part, rows] of Object.entries(tables)) save(join(folder, `${part}.csv`), text(CHEXPERT_HEADER, rows));
}

/** MIMIC-CXR-JPG 2.0.0: compressed tables; sex and age in the table of MIMIC-IV. */
async function mimic(root: string, radiographs: DrawnRadiograph[]): Promise<void> {
  const folder = join(root, 'mimic-cxr-jpg');
  const metadata: string[] = [];
  const splits: string[] = [];
  const labels: string[] = [];
  const persons = new Map<number, string>();
  const columns = MIMIC_LABELS_HEADER.split(',').slice(2);
  for (const [i, it] of radiographs.entries()) {
    const { patient, phantom } = it;
    const subject = 10_000_032 + 211 * patient;
    const study = 50_000_100 + i;
    const split = isTest(it) ? 'test' : isValidation(it) ? 'validate' : 'train';
    const add = async (view: string) => {
      const id = `${(0x2a + i).toString(16).padStart(8, '0')}-bde0afdd-112c0b34-7bc16630-${view.padEnd(8, '0')}`;
      metadata.push(`${id},${subject},${study},CHEST (PA AND LAT),${view},3056,2544,21800506,213014.531,,,Erect`);
      splits.push(`${id},${study},${subject},${split}`);
      save(join(folder, `files/p${String(subject).slice(0, 2)}/p${subject}/s${study}/${id}.jpg`), await jpeg(it));
    };
    await add(phantom.acquisition.view);
    if (patient % 5 === 0) await add('LATERAL');
    labels.push(`${subject},${study},${labellerCells(it, columns)}`);
    persons.set(subject, `${subject},${phantom.body.sex},${Math.min(phantom.body.ageYears, 91)},2180,2011 - 2013,`);
  }
  const packed = (name: string, header: string, rows: string[]) =>
    save(join(folder, name), gzipSync(text(header, rows)));
  packed('mimic-cxr-2.0.0-metadata.csv.gz', MIMIC_METADATA_HEADER, metadata);
  packed('mimic-cxr-2.0.0-split.csv.gz', MIMIC_SPLIT_HEADER, splits);
  packed('mimic-cxr-2.0.0-chexpert.csv.gz', MIMIC_LABELS_HEADER, labels);
  packed('patients.csv.gz', 'subject_id,gender,anchor_age,anchor_year,anchor_year_group,dod', [...persons.values()]);
}

/** UKA-CXR, by the description in experiments/datasets: grades 0 to 4, some of them per side. */
async function uka(root: string, radiographs: DrawnRadiograph[]): Promise<void> {
  const folder = join(root, 'UKA-CXR');
  const graded: Record<string, Label> = {
    cardiomegaly: 'cardiomegaly',
    congestion: 'congestion',
    pleural_effusion_right: 'pleural effusion',
    pleural_effusion_left: 'pleural effusion',
    pneumonic_infiltrates_right: 'pneumonia',
    pneumonic_infiltrates_left: 'pneumonia',
    atelectasis_right: 'atelectasis',
    atelectasis_left: 'atelectasis',
  };
  const rows: Cells[] = [];
  for (const [i, it] of radiographs.entries()) {
    const { patient, phantom, labels } = it;
    const id = 100_001 + i;
    const subset = `subset_${1 + (i % 2)}`;
    const left = i % 2 === 0;
    const grades = Object.entries(graded).map(([column, label]) => {
      const isOtherSide = column.endsWith(left ? '_right' : '_left');
      return [column, labels.has(label) && !isOtherSide ? 3 + (i % 2) : i % 3];
    });
    rows.push({
      image_id: id,
      split: isTest(it) ? 'test' : isValidation(it) ? 'valid' : 'train',
      subset,
      patient_sex: phantom.body.sex,
      ...Object.fromEntries(grades),
      subject_id: 7_000 + patient,
    });
    save(join(folder, 'UKA_preprocessed', subset, `${id}.jpg`), await jpeg(it));
  }
  const header = ['image_id', 'split', 'subset', 'patient_sex', ...Object.keys(graded), 'subject_id'];
  save(join(folder, 'final_UKA_master_list.csv'), csvOf(header, rows));
  copyFileSync(resolve(import.meta.dirname, '../../experiments/datasets/uka-cxr.yaml'), join(folder, 'hilum.yaml'));
}

/** PadChest: 16-bit PNG files, labels as Python prints a list, no split. */
async function padchest(root: string, radiographs: DrawnRadiograph[]): Promise<void> {
  const folder = join(root, 'PadChest');
  const names: Partial<Record<Label, string>> = {
    'copd signs': 'COPD signs',
    congestion: 'hilar congestion',
    edema: 'pulmonary edema',
    fibrosis: 'pulmonary fibrosis',
    hernia: 'hiatal hernia',
    'lung opacity': 'unchanged',
  };
  const rows: Cells[] = [];
  for (const [i, it] of radiographs.entries()) {
    const { patient, phantom, labels } = it;
    const isLateral = i % 9 === 8;
    const id = `2163968891033479523084613629${1_000_000 + i}_${String(i).padStart(3, '0')}.png`;
    const list = [...labels].map((label) => `'${names[label] ?? label}'`);
    rows.push({
      '': i,
      ImageID: id,
      ImageDir: i % 3,
      StudyDate_DICOM: '20150731',
      StudyID: `21639688910334795230846136${i}`,
      PatientID: `${patient}${'7'.repeat(30)}`,
      PatientBirth: `${2015 - phantom.body.ageYears}.0`,
      PatientSex_DICOM: phantom.body.sex,
      ViewPosition_DICOM: 'POSTEROANTERIOR',
      Projection: isLateral ? 'L' : phantom.acquisition.view === 'AP' ? 'AP_horizontal' : 'PA',
      MethodProjection: 'Manual review of DICOM fields',
      Manufacturer_DICOM: i % 2 === 0 ? 'ImagingDynamicsCompanyLtd' : 'PhilipsMedicalSystems',
      BitsStored_DICOM: 12,
      Report: 'sin hallazg patolog, "rad" . ',
      MethodLabel: 'RNN_model',
      Labels: `[${list.join(', ') || "'normal'"}]`,
    });
    save(join(folder, `${i % 3}`, id), await deepPng(it));
  }
  const table = 'PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv';
  save(join(folder, table), csvOf(PADCHEST_HEADER.split(','), rows));
}
