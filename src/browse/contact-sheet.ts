import type { Radiograph, RadiographDataset } from '../datasets/index.js';
import { decodeGray, preprocess, radiographPreprocessing, type ScanOptions, scanFiles } from '../imaging/index.js';
import { type Picture, smallPicture } from './picture.js';
import { groupByFinding } from './sample.js';

/** A few radiographs of every finding, each shown once. */
export interface ContactSheet {
  groups: { finding: string | null; positives: number; shots: Shot[] }[];
  /** Pictures that were not drawn because the page would grow too large. */
  leftOut: number;
  sample: ImageSample;
}

/** What was found in the images that were opened, as JSON can hold it. */
export interface ImageSample {
  read: number;
  unreadable: { id: string; reason: string }[];
  /** Sizes and bit depths as stored, the most frequent first. */
  formats: { width: number; height: number; bits: 8 | 16; images: number }[];
}

export interface Shot {
  radiograph: Radiograph;
  /** The preprocessed radiograph; a reason where it cannot be read. */
  picture: Picture | { reason: string };
}

export interface SheetOptions extends Pick<ScanOptions, 'onProgress' | 'concurrency'> {
  seed: number;
  /** Radiographs of one finding. */
  perFinding?: number;
  /** The most that all pictures together may take in the page, bytes. */
  limit?: number;
}

const SIDE = 144;
const PER_FINDING = 6;
/** Radiographs on one sheet, unless there are more findings than that. */
const RADIOGRAPHS = 120;
const LIMIT = 2 * 2 ** 20;

/**
 * Opens a few images per finding, chosen by seed and table alone, and draws what the study's preprocessing makes of them. One that cannot
 * be read keeps its place, with the reason.
 */
export async function drawContactSheet(dataset: RadiographDataset, options: SheetOptions): Promise<ContactSheet> {
  const { seed, perFinding = PER_FINDING, limit = LIMIT, ...scanOptions } = options;
  const groups = groupByFinding(dataset, seed);
  const most = Math.max(1, Math.min(perFinding, Math.floor(RADIOGRAPHS / Math.max(1, groups.length))));
  const chosen = chooseOnce(groups, most);
  const places = chosen.flatMap((rows, group) => rows.map((radiograph, rank) => ({ radiograph, group, rank })));
  const formats = new Map<string, ImageSample['formats'][number]>();
  const pictures: Picture[] = [];
  const { unreadable } = await scanFiles(
    places.map(({ radiograph }) => radiograph.path),
    async (path, index) => {
      const image = await decodeGray({ kind: 'file', path });
      const data = preprocess(image, { ...radiographPreprocessing, size: SIDE });
      pictures[index] = await smallPicture({ width: SIDE, height: SIDE, data }, SIDE);
      const { width, height, maximum } = image;
      const format = { width, height, bits: maximum === 255 ? 8 : 16, images: 0 } as const;
      const key = `${width} ${height} ${maximum}`;
      formats.set(key, { ...format, images: (formats.get(key)?.images ?? 0) + 1 });
    },
    scanOptions,
  );
  const reasons = new Map(unreadable.map(({ index, reason }) => [index, reason]));
  const shots: Shot[][] = groups.map(() => []);
  let bytes = 0;
  let leftOut = 0;
  // First one of every finding, then the second ones, so that what is left out is what is seen most.
  for (const [index, { radiograph, group }] of [...places.entries()].sort(([, a], [, b]) => a.rank - b.rank)) {
    const picture = reasons.has(index) ? { reason: reasons.get(index)! } : pictures[index]!;
    bytes += 'src' in picture ? picture.src.length : 0;
    if (bytes > limit) leftOut++;
    else shots[group]!.push({ radiograph, picture });
  }
  return {
    groups: groups.map(({ finding, positives }, group) => ({ finding, positives, shots: shots[group]! })),
    leftOut,
    sample: {
      read: places.length - unreadable.length,
      unreadable: unreadable.map(({ index, reason }) => ({ id: places[index]!.radiograph.id, reason })),
      formats: [...formats.values()].sort(
        (a, b) => b.images - a.images || a.width - b.width || a.height - b.height || a.bits - b.bits,
      ),
    },
  };
}

/** Rare findings choose first, so that their few radiographs are not gone to frequent ones. */
function chooseOnce(groups: readonly { positives: number; candidates: Radiograph[] }[], most: number): Radiograph[][] {
  const taken = new Set<string>();
  const chosen: Radiograph[][] = groups.map(() => []);
  for (const [i, { candidates }] of [...groups.entries()].sort(([, a], [, b]) => a.positives - b.positives)) {
    chosen[i] = candidates.filter(({ id }) => !taken.has(id)).slice(0, most);
    for (const { id } of chosen[i]) taken.add(id);
  }
  return chosen;
}
