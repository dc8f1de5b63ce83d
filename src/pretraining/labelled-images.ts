import { contentHash, inputError } from '../base/index.js';
import {
  drawPatients,
  openPictureSource,
  openRadiographs,
  type PictureSourceKind,
  type RadiographDataset,
  radiographDatasets,
  VALIDATION_FRACTION,
} from '../datasets/index.js';
import { type ProbeData, pictureProbe, radiographProbe } from '../features/index.js';
import type { PretrainingConfig } from './schema.js';
import type { OpenOptions } from './sources.js';

/** Pictures with labels, of which no one is decoded yet. */
export interface LabelledImages {
  name: string;
  length: number;
  notes: readonly string[];
  /** Changes with the images and their labels. */
  fingerprint(): string;
  /** To fit, to choose and to be judged. Throws an InputError for an empty one. */
  inSplits(seed: number): ProbeData;
}

/**
 * Opens the labelled pictures that a configuration names; null where it names none. Throws as `openPictureSource` and
 * `openRadiographs`, and for findings of pictures in classes.
 */
export async function openLabelled(
  evaluation: PretrainingConfig['evaluation'],
  options: OpenOptions = {},
): Promise<LabelledImages | null> {
  const { source, kind, findings } = evaluation;
  if (source === null) return null;
  if (kind !== undefined && Object.hasOwn(radiographDatasets, kind))
    return labelledRadiographs(evaluation, source, kind);
  if (findings === undefined) return labelledPictures(evaluation, source, options);
  const expected = `none, or kind: one of ${Object.keys(radiographDatasets).join(', ')}`;
  throw inputError({ what: 'evaluation.findings', found: findings.join(', '), expected });
}

async function labelledPictures(
  { kind, column, split, limit }: PretrainingConfig['evaluation'],
  source: string,
  { signal, onIndex }: OpenOptions,
): Promise<LabelledImages> {
  const list = await openPictureSource({
    source,
    kind: kind as PictureSourceKind | undefined,
    column,
    split,
    limit: limit ?? undefined,
    labels: true,
    signal,
    onProgress: (progress) => onIndex?.(source, progress),
  });
  const { name, length, notes, classes } = list;
  return {
    name,
    length,
    notes,
    fingerprint: () => list.fingerprint(),
    inSplits(seed) {
      const pictures = Array.from({ length }, (_, i) => ({
        id: list.id(i),
        source: list.at(i)!,
        label: list.label(i),
        split: list.split(i),
      }));
      return pictureProbe({ name, classes: [...classes], pictures, notes: [...notes] }, { seed });
    },
  };
}

/** Of splits that are drawn, so that pretrainings with other seeds are judged by the same images. */
const SEED = 1;

/**
 * Radiographs with findings. The test split of the data set stays unseen: its validation split is judged, and of the training
 * patients an eighth is held out to choose by.
 */
function labelledRadiographs(
  { findings, limit, column, split: unused }: PretrainingConfig['evaluation'],
  root: string,
  kind: string,
): LabelledImages {
  const ignored = Object.entries({ column, split: unused }).find(([, value]) => value !== undefined);
  if (ignored) {
    const [field, value] = ignored;
    throw inputError({ what: `evaluation.${field}`, found: `${value}`, expected: `none with kind ${kind}` });
  }
  const dataset = openRadiographs(kind, { root, findings, seed: SEED });
  const known = dataset.radiographs.filter(({ split }) => split !== 'test');
  const chosen = evenly(known, limit);
  const { name, notes } = dataset;
  return {
    name,
    length: chosen.length,
    notes,
    fingerprint: () =>
      contentHash({
        findings: dataset.findings.map((finding) => finding.name),
        images: chosen.map(({ id, split, labels }) => [id, split, [...labels]]),
      }),
    inSplits: () => radiographProbe({ ...dataset, radiographs: heldOut(chosen) }, { seed: SEED }),
  };
}

type Radiographs = RadiographDataset['radiographs'];

function heldOut(radiographs: Radiographs): Radiographs {
  const training = radiographs.filter(({ split }) => split === 'train').map(({ patient }) => patient);
  const held = drawPatients(training, { split: 'validate', fraction: VALIDATION_FRACTION, seed: SEED });
  return radiographs.map((it) => {
    if (it.split === 'validate') return { ...it, split: 'test' };
    return { ...it, split: held.has(it.patient) ? 'validate' : 'train' };
  });
}

function evenly(radiographs: Radiographs, limit: number | null): Radiographs {
  if (limit === null || limit >= radiographs.length) return radiographs;
  return Array.from({ length: limit }, (_, i) => radiographs[Math.floor((i * radiographs.length) / limit)]!);
}
