/** Stored values to the values of the modality (PS3.3, C.11.1; PS3.4, N.2.1.1). */
import { type DataSet, invalid } from './data-set.js';
import { type LookupTable, lookUp, readLookupTable } from './lookup-table.js';

export type Modality =
  | { kind: 'none' }
  | { kind: 'rescale'; slope: number; intercept: number }
  | { kind: 'lut'; table: LookupTable };

/**
 * The Modality LUT Sequence where there is one, else slope and intercept where both are given. A rescale by slope 1 and
 * intercept 0 is none.
 */
export function readModality(dataSet: DataSet, signed: boolean): Modality {
  const [item] = dataSet.items('ModalityLUTSequence');
  if (item) return { kind: 'lut', table: readLookupTable(item, signed) };
  const [slope] = dataSet.decimals('RescaleSlope');
  const [intercept] = dataSet.decimals('RescaleIntercept');
  if (slope === undefined || intercept === undefined || (slope === 1 && intercept === 0)) return { kind: 'none' };
  if (slope === 0) throw invalid('RescaleSlope', '0');
  return { kind: 'rescale', slope, intercept };
}

/** Stored value to modality value. */
export function modalityFunction(modality: Modality): (stored: number) => number {
  switch (modality.kind) {
    case 'none':
      return (stored) => stored;
    case 'rescale': {
      const { slope, intercept } = modality;
      return (stored) => stored * slope + intercept;
    }
    case 'lut':
      return (stored) => lookUp(modality.table, stored);
  }
}
