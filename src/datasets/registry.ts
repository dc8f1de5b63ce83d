import { inputError, nearest } from '../base/index.js';
import { indexChestXray14 } from './chestxray14.js';
import { indexChexpert } from './chexpert.js';
import { openCifar10 } from './cifar10.js';
import { openFolder } from './folder.js';
import { indexGoogleNih } from './google-nih.js';
import { indexMimicCxr } from './mimic-cxr.js';
import { indexOpenI } from './open-i.js';
import { indexOwnData } from './own-data.js';
import { indexPadChest } from './padchest.js';
import type { PictureOptions, PictureSet } from './pictures.js';
import type { RadiographDataset, RadiographOptions } from './radiograph.js';
import { indexRsnaPneumonia } from './rsna-pneumonia.js';
import { indexSiimPneumothorax } from './siim-pneumothorax.js';
import { refusePatientsInTwoSplits } from './split.js';
import { indexTbx11k } from './tbx11k.js';
import { indexVinBigData } from './vinbigdata.js';
import { indexVinDrCxr } from './vindr-cxr.js';

/** Options that only some data sets honour. */
const SPECIAL = ['testFraction', 'views', 'uncertain', 'labels', 'description'] as const;

interface RadiographEntry extends Entry<RadiographOptions, RadiographDataset> {
  /** Which of the special options it honours; another one is refused. */
  honours: readonly (typeof SPECIAL)[number][];
}

const RADIOGRAPHS: Record<string, RadiographEntry> = {
  chestxray14: {
    description: 'ChestX-ray14 (NIH): Data_Entry_2017_v2020.csv, train_val_list.txt, test_list.txt, images/',
    open: indexChestXray14,
    honours: [],
  },
  chexpert: {
    description: 'CheXpert v1.0 and v1.0-small (Stanford): train.csv, valid.csv, test_labels.csv or a drawn test split',
    open: indexChexpert,
    honours: ['testFraction', 'views', 'uncertain'],
  },
  'mimic-cxr': {
    description:
      'MIMIC-CXR-JPG 2.0.0 and 2.1.0, or MIMIC-CXR (DICOM) with its tables: mimic-cxr-2.0.0-*.csv.gz, files/',
    open: indexMimicCxr,
    honours: ['views', 'uncertain', 'labels'],
  },
  'vindr-cxr': {
    description: 'VinDr-CXR 1.0.0 (PhysioNet): annotations/*.csv, train/*.dicom, test/*.dicom',
    open: indexVinDrCxr,
    honours: ['labels'],
  },
  vinbigdata: {
    description: 'VinBigData (Kaggle), the competition on VinDr-CXR: train.csv, train/*.dicom',
    open: indexVinBigData,
    honours: ['testFraction', 'labels'],
  },
  padchest: {
    description: 'PadChest: PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv, PNG images in 0/ to 54/',
    open: indexPadChest,
    honours: ['testFraction', 'views'],
  },
  'rsna-pneumonia': {
    description: 'RSNA Pneumonia Detection Challenge: stage_2_train_labels.csv, stage_2_train_images/*.dcm',
    open: indexRsnaPneumonia,
    honours: ['testFraction'],
  },
  'siim-pneumothorax': {
    description: 'SIIM-ACR Pneumothorax Segmentation: train-rle.csv, dicom-images-train/',
    open: indexSiimPneumothorax,
    honours: ['testFraction'],
  },
  'google-nih': {
    description: "Google's radiologist labels for ChestX-ray14, to test on: four_findings_expert_labels/*.csv, images/",
    open: indexGoogleNih,
    honours: [],
  },
  'open-i': {
    description: 'Open-I (Indiana University): NLMCXR_reports/, NLMCXR_png/ or NLMCXR_dcm/, nlmcxr_dicom_metadata.csv',
    open: indexOpenI,
    honours: ['testFraction', 'views', 'labels'],
  },
  tbx11k: {
    description: 'TBX11K (tuberculosis): annotations/json/TBX11K_train.json and TBX11K_val.json, imgs/',
    open: indexTbx11k,
    honours: ['testFraction'],
  },
  table: {
    description: 'your own: a table (CSV, TSV, Parquet), images (also DICOM) and hilum.yaml, which says what is what',
    open: indexOwnData,
    honours: ['testFraction', 'views', 'uncertain', 'description'],
  },
};

const PICTURES: Record<string, Entry<PictureOptions, PictureSet>> = {
  folder: {
    description: 'a folder of pictures, without labels or with (labels.csv, or one folder per class)',
    open: openFolder,
  },
  cifar10: {
    description: 'CIFAR-10, binary version: data_batch_*.bin, test_batch.bin, batches.meta.txt',
    open: openCifar10,
  },
};

interface Entry<Options, Opened> {
  description: string;
  open(options: Options): Opened;
}

/** Name to one-line description. */
export const radiographDatasets: Readonly<Record<string, string>> = describe(RADIOGRAPHS);
export const pictureDatasets: Readonly<Record<string, string>> = describe(PICTURES);

/**
 * Indexes a radiograph data set as published; no image is opened. Throws an InputError for an unknown name, for what the data set's
 * own file names, and for a patient in two splits.
 */
export function openRadiographs(name: string, options: RadiographOptions): RadiographDataset {
  const dataset = indexRadiographs(name, options);
  refusePatientsInTwoSplits(dataset);
  return dataset;
}

/** `openRadiographs` for the data check, which reports a patient in two splits instead of stopping. */
export function indexRadiographs(name: string, options: RadiographOptions): RadiographDataset {
  const { honours, open } = lookUp('radiograph data set', RADIOGRAPHS, name);
  const ignored = SPECIAL.find((option) => options[option] !== undefined && !honours.includes(option));
  if (ignored) {
    const expected = honours.length > 0 ? `of such options only ${honours.join(', ')}` : 'no such option';
    throw inputError({ what: `${name}: ${ignored}`, found: `${options[ignored]}`, expected, fix: 'Leave it out.' });
  }
  return open(options);
}

/** Lists non-medical pictures. Throws an InputError for an unknown name and for what the set's own file names. */
export function openPictures(name: string, options: PictureOptions): PictureSet {
  return lookUp('picture set', PICTURES, name).open(options);
}

function lookUp<T>(what: string, entries: Record<string, T>, name: string): T {
  if (Object.hasOwn(entries, name)) return entries[name]!;
  const known = Object.keys(entries);
  const expected = known.length > 1 ? `one of: ${known.join(', ')}` : known.join();
  throw inputError({ what, found: `"${name}"`, expected, fix: `Did you mean "${nearest(name, known)}"?` });
}

function describe(entries: Record<string, Entry<never, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).map(([name, { description }]) => [name, description]));
}
