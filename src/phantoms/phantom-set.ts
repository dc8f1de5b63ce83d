import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { Random, writeFileAtomic, writeJson } from '../base/index.js';
import { labelsOf } from './findings.js';
import { checkImageSet, type ImageSetOptions, writeImages } from './image-files.js';
import { lungMask } from './lung-mask.js';
import { drawPatient, type PatientOptions } from './patient.js';
import type { Phantom } from './phantom.js';
import { renderPhantom } from './radiograph.js';

export interface PhantomSetOptions extends ImageSetOptions, Pick<PatientOptions, 'confounding' | 'mildest'> {
  /** Whether `masks/` gets a PNG per image that is white where its lungs are. Off unless said. */
  masks?: boolean;
}

/** One radiograph of a set, as `phantoms.json` lists it. */
export interface PhantomRecord {
  /** File name, `<patient>_<follow-up>.png`. */
  image: string;
  patient: number;
  followUp: number;
  split: 'train_val' | 'test';
  labels: string[];
  phantom: Phantom;
}

const testShare = 0.3;
const imagesPerPatient = [1, 1, 1, 1, 1, 2, 2, 2, 3, 4];
const header =
  'Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,' +
  'OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]';

/**
 * Writes chest phantoms into `folder` in the published layout of ChestX-ray14 (Wang et al., CVPR 2017): `images/*.png` (8-bit
 * gray), `Data_Entry_2017_v2020.csv`, `train_val_list.txt`, `test_list.txt` (about 30 % of the patients); and `phantoms.json`
 * with the parameters of every image; on request `masks/*.png`. The tables are written last, so an interrupted set has none.
 * Throws an InputError for impossible options.
 */
export async function writePhantomSet(folder: string, options: PhantomSetOptions): Promise<PhantomRecord[]> {
  checkImageSet(options);
  const { size, onProgress, masks = false } = options;
  const records = drawRecords(options);
  const write = async (
    name: string,
    draw: (phantom: Phantom, size: number) => Uint8Array,
    report?: typeof onProgress,
  ) => {
    mkdirSync(join(folder, name), { recursive: true });
    const raw = { width: size, height: size, channels: 1 } as const;
    await writeImages(
      records.length,
      (i) => join(folder, name, records[i]!.image),
      (i) => sharp(draw(records[i]!.phantom, size), { raw }).toColourspace('b-w'),
      report,
    );
  };
  await write('images', renderPhantom, onProgress);
  if (masks) await write('masks', lungMask);

  const list = (split: PhantomRecord['split']) =>
    records
      .filter((record) => record.split === split)
      .map(({ image }) => `${image}\n`)
      .join('');
  writeFileAtomic(join(folder, 'train_val_list.txt'), list('train_val'));
  writeFileAtomic(join(folder, 'test_list.txt'), list('test'));
  writeJson(join(folder, 'phantoms.json'), { size, seed: options.seed, images: records });
  writeFileAtomic(
    join(folder, 'Data_Entry_2017_v2020.csv'),
    `${[header, ...records.map((r) => row(r, size))].join('\n')}\n`,
  );
  return records;
}

function drawRecords({ images, seed, confounding, mildest }: PhantomSetOptions): PhantomRecord[] {
  const records: PhantomRecord[] = [];
  for (let patient = 1; records.length < images; patient++) {
    const random = Random.of(seed, 'patient', patient);
    const wanted = imagesPerPatient[random.integer(imagesPerPatient.length)]!;
    const count = Math.min(wanted, images - records.length);
    const split = isTest(patient) ? 'test' : 'train_val';
    for (const [followUp, phantom] of drawPatient(random, { images: count, confounding, mildest }).entries()) {
      const image = `${String(patient).padStart(8, '0')}_${String(followUp).padStart(3, '0')}.png`;
      records.push({ image, patient, followUp, split, labels: labelsOf(phantom.findings), phantom });
    }
  }
  return records;
}

/** Spreads the test patients evenly: three of every ten. */
function isTest(patient: number): boolean {
  return Math.floor(patient * testShare) > Math.floor((patient - 1) * testShare);
}

function row(
  { image, patient, followUp, labels, phantom: { body, acquisition } }: PhantomRecord,
  size: number,
): string {
  const spacing = ((acquisition.side * 10) / size).toFixed(3);
  const finding = labels.join('|') || 'No Finding';
  return [
    image,
    finding,
    followUp,
    patient,
    body.ageYears,
    body.sex,
    acquisition.view,
    size,
    size,
    spacing,
    spacing,
  ].join(',');
}
