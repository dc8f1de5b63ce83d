/** Values of interest: modality values to 0..1 (PS3.3, C.11.2; PS3.4, N.2.1.2). */
import { type DataSet, invalid } from './data-set.js';
import { DicomError } from './error.js';
import { type LookupTable, lookUp, readLookupTable } from './lookup-table.js';
import type { Modality } from './modality.js';

const FUNCTIONS = ['LINEAR', 'LINEAR_EXACT', 'SIGMOID'] as const;

export interface VoiWindow {
  kind: 'window';
  center: number;
  width: number;
  function: (typeof FUNCTIONS)[number];
  explanation?: string;
}

export type Voi = { kind: 'none' } | VoiWindow | { kind: 'lut'; table: LookupTable; explanation?: string };

/**
 * The views that the file offers, its lookup tables or, where it has none, its windows; the `index`-th of them, from 0.
 * A window that cannot be used, such as one of width 0, is none, and a note says so. Throws a DicomError for an index
 * that the file does not have.
 */
export function readVoi(
  dataSet: DataSet,
  modality: Modality,
  signed: boolean,
  index: number,
): { voi: Voi; views: number; notes: string[] } {
  const items = dataSet.items('VOILUTSequence');
  const centers = dataSet.decimals('WindowCenter');
  const widths = dataSet.decimals('WindowWidth');
  const views = items.length || Math.min(centers.length, widths.length);
  if (index > 0 && index >= views) throw new DicomError(`a DICOM file of ${views} VOI LUTs or windows`);
  const item = items[index];
  if (item) {
    // The output of a Modality LUT has no sign (PS3.3, C.11.1.1.1).
    const table = readLookupTable(item, signed && modality.kind !== 'lut');
    return { voi: { kind: 'lut', table, explanation: item.text('LUTExplanation') }, views, notes: [] };
  }
  const [center, width] = [centers[index], widths[index]];
  if (center === undefined || width === undefined) return { voi: { kind: 'none' }, views, notes: [] };
  const named = dataSet.text('VOILUTFunction')?.toUpperCase() ?? 'LINEAR';
  const name = FUNCTIONS.find((candidate) => candidate === named);
  if (!name) throw invalid('VOILUTFunction', named);
  if (name === 'LINEAR' ? width < 1 : width <= 0) {
    const notes = [`the ${name} window of width ${width} (center ${center}) cannot be used and is left out`];
    return { voi: { kind: 'none' }, views, notes };
  }
  const explanation = dataSet.text('WindowCenterWidthExplanation')?.split('\\')[index]?.trim();
  return { voi: { kind: 'window', center, width, function: name, explanation }, views, notes: [] };
}

/** Modality value to 0..1, without the rounding to an output range. */
export function voiFunction(voi: Exclude<Voi, { kind: 'none' }>): (value: number) => number {
  if (voi.kind === 'lut') {
    const largest = 2 ** voi.table.bits - 1;
    return (value) => Math.min(1, lookUp(voi.table, value) / largest);
  }
  const { center, width } = voi;
  switch (voi.function) {
    case 'LINEAR': // C.11.2.1.2.1; a width of 1 is a threshold
      if (width === 1) return (value) => (value <= center - 0.5 ? 0 : 1);
      return (value) => clamped((value - (center - 0.5)) / (width - 1) + 0.5);
    case 'LINEAR_EXACT': // C.11.2.1.3.2
      return (value) => clamped((value - center) / width + 0.5);
    case 'SIGMOID': // C.11.2.1.3.1
      return (value) => 1 / (1 + Math.exp((-4 * (value - center)) / width));
  }
}

function clamped(fraction: number): number {
  return Math.min(1, Math.max(0, fraction));
}
