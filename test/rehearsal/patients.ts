/** The patients of a rehearsal: chest phantoms, and labels for all findings of the study. */
import { Random } from '../../src/base/index.js';
import { drawPatient, labelsOf, type Phantom, renderPhantom } from '../../src/phantoms/index.js';

/** What phantoms do not show: drawn by chance, so that no network can learn them. */
const DRAWN = [
  'aortic elongation',
  'atelectasis',
  'congestion',
  'copd signs',
  'edema',
  'emphysema',
  'fibrosis',
  'fracture',
  'hernia',
  'infiltrates',
  'kyphosis',
  'lung opacity',
  'mass',
  'pleural thickening',
  'pneumonia',
  'scoliosis',
] as const;
const SHOWN = {
  Cardiomegaly: 'cardiomegaly',
  Consolidation: 'consolidation',
  Effusion: 'pleural effusion',
  Nodule: 'nodule',
  Pneumothorax: 'pneumothorax',
} as const;
export type Label = (typeof DRAWN)[number] | (typeof SHOWN)[keyof typeof SHOWN];

const PREVALENCE = 0.3;

export interface DrawnRadiograph {
  /** From 1 within the data set. */
  patient: number;
  /** From 0 within the patient. */
  followUp: number;
  phantom: Phantom;
  /** Empty: no finding. */
  labels: ReadonlySet<Label>;
  /** Eight-bit gray, `size` by `size`. */
  pixels: Uint8Array;
}

export interface SetSize {
  images: number;
  /** Side of the images in pixels. */
  size: number;
  /** Phantoms that are drawn; further images are these, darker or brighter. All are drawn unless said. */
  drawn?: number;
}

/** The radiographs of one data set, one to four of each patient. The name of the data set is the seed. */
export function drawRadiographs(name: string, { images, size, drawn = images }: SetSize): DrawnRadiograph[] {
  const radiographs: DrawnRadiograph[] = [];
  for (let patient = 1; radiographs.length < images; patient++) {
    const random = Random.of(1, `rehearsal/${name}`, patient);
    const count = Math.min(1 + (patient % 4), images - radiographs.length);
    for (const [followUp, phantom] of drawPatient(random, { images: count }).entries()) {
      const i = radiographs.length;
      const pixels = i < drawn ? renderPhantom(phantom, size) : exposed(radiographs[i % drawn]!.pixels, 1 + i / images);
      radiographs.push({ patient, followUp, phantom, labels: labelsFor(phantom, random), pixels });
    }
  }
  return radiographs;
}

/** The same film at another exposure. */
const exposed = (pixels: Uint8Array, gamma: number): Uint8Array =>
  pixels.map((value) => Math.round(255 * (value / 255) ** gamma));

function labelsFor({ findings }: Phantom, random: Random): Set<Label> {
  const shown = labelsOf(findings).map((name) => SHOWN[name]);
  const drawn = DRAWN.filter(() => random.uniform() < PREVALENCE);
  return new Set(shown.length === 0 && random.uniform() < 0.6 ? [] : [...shown, ...drawn]);
}
