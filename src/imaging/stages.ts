/** The pixels of one image file at each stage on its way to the network, for checking against other software. */
import { messageOf, type NpyData } from '../base/index.js';
import { interleaved } from './channels.js';
import { decodeBytes, formatOf } from './decode.js';
import {
  type DicomImage,
  modalityOf,
  modalityValues,
  readDicom,
  type Shown,
  show,
  storedImage,
} from './dicom/index.js';
import { readImageFile } from './file.js';
import { type DecodedImage, type FormatName, ImageError } from './image.js';
import { imageLimits } from './limits.js';
import { checkPreprocessing, type Preprocessing, preprocess, radiographPreprocessing } from './preprocess.js';

export const STAGES = ['stored', 'modality', 'display', 'network'] as const;
export type Stage = (typeof STAGES)[number];

export interface StageOptions {
  /** Which of a DICOM file's VOI LUTs or windows, from 0. */
  view?: number;
  /** For `network`. That of radiographs unless said. */
  preprocessing?: Preprocessing;
}

export interface DecodedStage {
  stage: Stage;
  /** [H, W], or [H, W, 3] of colour; of `network` [C, size, size]. */
  shape: number[];
  /** NumPy's name of the type, e.g. uint16. */
  dtype: string;
  data: NpyData;
  info: StageInfo;
}

/** How the pixels came about. Nothing in it identifies a patient. */
export interface StageInfo {
  format: FormatName;
  notes: readonly string[];
  dicom?: {
    transferSyntax: { uid: string; name: string };
    photometricInterpretation: string;
    bitsAllocated: number;
    bitsStored: number;
    signed: boolean;
    frames: number;
    /** The modality transformation, from that stage on. */
    modality?: unknown;
    /** The VOI transformation, how many the file has, padding and inversion: from the display on. */
    voi?: unknown;
    views?: number;
    padding?: { low: number; high: number };
    inverted?: boolean;
  };
  /** Of `network`. */
  preprocessing?: Preprocessing;
}

/**
 * - `stored`: DICOM's stored values, sign applied (PS3.5, section 8.1.1), YBR as RGB, a palette's indices
 * - `modality`: after Modality LUT or rescale (PS3.3, C.11.1)
 * - `display`: after VOI and inversion, dark to bright, 0..255 or 0..65535 (PS3.4, N.2)
 * - `network`: the display through `preprocess`, 0..255
 *
 * Of other formats the first three are the image as decoded. Throws an ImageError that names the file, and an InputError
 * for a preprocessing that cannot be.
 */
export async function decodeStage(path: string, stage: Stage, options: StageOptions = {}): Promise<DecodedStage> {
  const { view = 0, preprocessing = radiographPreprocessing } = options;
  if (stage === 'network') checkPreprocessing(preprocessing);
  const bytes = readImageFile(path, imageLimits.bytes);
  const format = formatOf(path, bytes);
  if (format !== 'DICOM') {
    const image = await decodeBytes(path, bytes);
    return fromDisplay(stage, image, { format, notes: image.notes ?? [] }, preprocessing);
  }
  try {
    const dicom = await readDicom(bytes, imageLimits.pixels);
    if (stage === 'display' || stage === 'network') {
      const shown = show(dicom, view);
      return await fromDisplay(stage, shown.image, infoOf(dicom, shown), preprocessing);
    }
    const stored = storedImage(dicom);
    const shape = shapeOf(dicom.description.rows, dicom.description.columns, dicom.description.samplesPerPixel);
    if (stage === 'stored') return made(stage, shape, stored, infoOf(dicom));
    const modality = modalityOf(dicom);
    return made(stage, shape, modalityValues(stored, modality), infoOf(dicom, { modality }));
  } catch (error) {
    if (error instanceof ImageError) throw error;
    throw new ImageError(path, messageOf(error));
  }
}

async function fromDisplay(
  stage: Stage,
  image: DecodedImage,
  info: StageInfo,
  preprocessing: Preprocessing,
): Promise<DecodedStage> {
  const { height, width, channels, data } = image;
  if (stage !== 'network') return made(stage, shapeOf(height, width, channels), interleaved(data, channels), info);
  const { size } = preprocessing;
  const pixels = await preprocess(image, preprocessing);
  return made(stage, [preprocessing.channels, size, size], pixels, { ...info, preprocessing });
}

function made(stage: Stage, shape: number[], data: NpyData, info: StageInfo): DecodedStage {
  return { stage, shape, dtype: data.constructor.name.replace('Array', '').toLowerCase(), data, info };
}

function shapeOf(rows: number, columns: number, channels: 1 | 3): number[] {
  return channels === 1 ? [rows, columns] : [rows, columns, channels];
}

function infoOf(dicom: DicomImage, shown: Partial<Shown> = {}): StageInfo {
  const { transferSyntax, description, photometricInterpretation } = dicom;
  const { bitsAllocated, bitsStored, signed, frames } = description;
  const { modality, voi, views, padding, inverted } = shown;
  return {
    format: 'DICOM',
    notes: [...dicom.notes, ...(shown.notes ?? [])],
    dicom: {
      transferSyntax,
      photometricInterpretation,
      bitsAllocated,
      bitsStored,
      signed,
      frames,
      modality: modality && summary(modality),
      voi: voi && summary(voi),
      views,
      padding,
      inverted,
    },
  };
}

/** A transformation as JSON: of a lookup table its descriptor. */
function summary(step: NonNullable<Shown['modality'] | Shown['voi']>): unknown {
  if (step.kind !== 'lut') return step;
  const { first, entries, bits } = step.table;
  return { ...step, table: { first, entries: entries.length, bits } };
}
