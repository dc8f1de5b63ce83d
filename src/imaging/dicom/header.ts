/** What a data set reader wants to know of a DICOM file, without its pixels. */
import { messageOf } from '../../base/index.js';
import { readBeginning } from '../file.js';
import { ImageError } from '../image.js';
import { TAGS } from './attributes.js';
import type { DataSet } from './data-set.js';
import { isDicom, readFirstElements } from './file.js';

/** Absent where the file does not say. `patientId` is for keeping patients apart: it must not be shown. */
export interface DicomHeader {
  sopInstanceUid?: string;
  seriesInstanceUid?: string;
  studyInstanceUid?: string;
  /** The hospital's own number of the examination. */
  accessionNumber?: string;
  patientId?: string;
  /** As published: M, F or O. */
  patientSex?: string;
  /** Patient's Age or, without it, the whole years from birth to study; NaN where neither is known. */
  patientAgeYears: number;
  modality?: string;
  viewPosition?: string;
  bodyPartExamined?: string;
  manufacturer?: string;
  manufacturerModelName?: string;
  rows?: number;
  columns?: number;
  photometricInterpretation?: string;
  /** UID of the transfer syntax. */
  transferSyntax: string;
}

/** How much of a file is read, at first and where its attributes lie further back. */
const BEGINNINGS = [64, 1024, 16 * 1024].map((kibibytes) => kibibytes * 1024);

/**
 * Reads the attributes of a DICOM file up to Rows and Columns: usually its first 64 KiB, 16 MiB at most. Throws an
 * ImageError that names the file.
 */
export function readDicomHeader(path: string): DicomHeader {
  for (const length of BEGINNINGS) {
    const bytes = readBeginning(path, length);
    if (!isDicom(bytes)) throw new ImageError(path, 'a file that is not DICOM', 'a DICOM file');
    try {
      const { dataSet, transferSyntax, cut } = readFirstElements(bytes, (tag) => tag > TAGS.Columns);
      if (!cut) return headerOf(dataSet, transferSyntax);
      if (bytes.length < length) throw new Error('a truncated DICOM file');
    } catch (error) {
      throw new ImageError(path, messageOf(error), 'a DICOM file');
    }
  }
  throw new ImageError(path, `no image attributes within ${BEGINNINGS.at(-1)} bytes`, 'a DICOM file of an image');
}

function headerOf(dataSet: DataSet, transferSyntax: string): DicomHeader {
  return {
    sopInstanceUid: dataSet.text('SOPInstanceUID'),
    seriesInstanceUid: dataSet.text('SeriesInstanceUID'),
    studyInstanceUid: dataSet.text('StudyInstanceUID'),
    accessionNumber: dataSet.text('AccessionNumber'),
    patientId: dataSet.text('PatientID'),
    patientSex: dataSet.text('PatientSex'),
    patientAgeYears: ageYears(dataSet.text('PatientAge'), dataSet.text('PatientBirthDate'), dataSet.text('StudyDate')),
    modality: dataSet.text('Modality'),
    viewPosition: dataSet.text('ViewPosition'),
    bodyPartExamined: dataSet.text('BodyPartExamined'),
    manufacturer: dataSet.text('Manufacturer'),
    manufacturerModelName: dataSet.text('ManufacturerModelName'),
    rows: dataSet.integer('Rows'),
    columns: dataSet.integer('Columns'),
    photometricInterpretation: dataSet.text('PhotometricInterpretation'),
    transferSyntax,
  };
}

const PER_YEAR = { Y: 1, M: 12, W: 365.25 / 7, D: 365.25 } as const;

/** Years of an age such as 045Y, 006M, 003W or 010D (PS3.5, section 6.2, VR AS), else between two dates YYYYMMDD. */
export function ageYears(age?: string, birthDate?: string, studyDate?: string): number {
  const [, count, unit] = /^(\d{1,3})([YMWD])$/.exec(age ?? '') ?? [];
  if (count && unit) return Number(count) / PER_YEAR[unit as keyof typeof PER_YEAR];
  const [birth, study] = [birthDate, studyDate].map((date) => /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(date ?? ''));
  if (!birth || !study) return Number.NaN;
  const years = Number(study[1]) - Number(birth[1]);
  const hadBirthday = `${study[2]}${study[3]}` >= `${birth[2]}${birth[3]}`;
  const whole = hadBirthday ? years : years - 1;
  return whole >= 0 && whole <= 150 ? whole : Number.NaN;
}
