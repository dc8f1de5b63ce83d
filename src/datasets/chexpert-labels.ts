/** The 14 labels of the CheXpert labeller (Irvin et al., AAAI 2019), as CheXpert and MIMIC-CXR publish them: one column each. */
import { parseLabel, type UncertainPolicy } from './cells.js';
import type { Finding } from './findings.js';

export const CHEXPERT_FINDINGS: readonly Finding[] = [
  { name: 'No Finding', shared: 'no finding' },
  { name: 'Enlarged Cardiomediastinum', shared: null },
  { name: 'Cardiomegaly', shared: 'cardiomegaly' },
  { name: 'Lung Opacity', shared: 'lung opacity' },
  { name: 'Lung Lesion', shared: 'lung lesion' },
  { name: 'Edema', shared: 'edema' },
  { name: 'Consolidation', shared: 'consolidation' },
  { name: 'Pneumonia', shared: 'pneumonia' },
  { name: 'Atelectasis', shared: 'atelectasis' },
  { name: 'Pneumothorax', shared: 'pneumothorax' },
  { name: 'Pleural Effusion', shared: 'pleural effusion' },
  { name: 'Pleural Other', shared: null },
  { name: 'Fracture', shared: 'fracture' },
  { name: 'Support Devices', shared: null },
];

/** What the radiologists' tables call Lung Opacity. */
const AIRSPACE_OPACITY = 'Airspace Opacity';

/**
 * The label columns of a table, as its header orders them: what to read together. Missing ones are among them, so that the reader of
 * the table finds and names them.
 */
export function labelColumns(header: readonly string[]): string[] {
  const names = CHEXPERT_FINDINGS.map(({ name }) =>
    name === 'Lung Opacity' && !header.includes(name) && header.includes(AIRSPACE_OPACITY) ? AIRSPACE_OPACITY : name,
  );
  return names.sort((a, b) => header.indexOf(a) - header.indexOf(b));
}

/** Reads the cells of a row's `labelColumns`, joined by commas; `where` names the row for an error. */
export type LabelReader = (cells: string, where: () => string) => Float32Array;

/**
 * Reads the labels of `findings` by the policy; rows with equal cells share an array. All cells are checked, also those of findings
 * that are not asked for. Throws an InputError that names the row and the column.
 */
export function labelReader(
  findings: readonly Finding[],
  columns: readonly string[],
  policy: UncertainPolicy,
): LabelReader {
  const known = new Map<string, Float32Array>();
  const order = findings.map(({ name }) => columns.indexOf(columns.includes(name) ? name : AIRSPACE_OPACITY));
  return (cells, where) => {
    let labels = known.get(cells);
    if (!labels) {
      const texts = cells.split(',');
      const values = new Float32Array(columns.length);
      let column = 0;
      const at = () => `${where()}, ${columns[column]}`;
      for (; column < columns.length; column++) values[column] = parseLabel(texts[column]!, policy, at);
      labels = new Float32Array(order.length);
      for (let i = 0; i < order.length; i++) labels[i] = values[order[i]!]!;
      known.set(cells, labels);
    }
    return labels;
  };
}
