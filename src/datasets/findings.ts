import { inputError, nearest } from '../base/index.js';

/**
 * The one vocabulary into which every data set's label names are translated, so that a model trained on one set can be tested on
 * another. Behind each name: the sets that publish it, the study's first (VinDr also stands for VinBigData, CheXpert for MIMIC-CXR).
 * `nodule/mass` is not the same label as `nodule` or `mass`.
 */
export const SHARED_FINDINGS = [
  'no finding', // all six: VinDr, ChestX-ray14, CheXpert, MIMIC-CXR, PadChest, UKA-CXR; RSNA
  'cardiomegaly', // all six
  'pleural effusion', // all six
  'pneumonia', // all six
  'atelectasis', // all six
  'consolidation', // all but UKA-CXR
  'pneumothorax', // all but UKA-CXR; SIIM, Google
  'lung opacity', // VinDr, CheXpert; RSNA, Google
  'pleural thickening', // VinDr, ChestX-ray14, PadChest
  'fibrosis', // VinDr, ChestX-ray14, PadChest
  'nodule/mass', // VinDr, PadChest; Google
  'nodule', // ChestX-ray14, PadChest
  'mass', // ChestX-ray14, PadChest
  'lung lesion', // CheXpert
  'fracture', // CheXpert, PadChest; Google
  'clavicle fracture', // VinDr, PadChest
  'rib fracture', // VinDr, PadChest
  'edema', // VinDr, ChestX-ray14, CheXpert, PadChest
  'emphysema', // VinDr, ChestX-ray14, PadChest
  'hernia', // ChestX-ray14, PadChest
  'infiltrates', // VinDr, ChestX-ray14, PadChest
  'tuberculosis', // VinDr, PadChest; TBX11K
  'congestion', // PadChest
  'scoliosis', // PadChest
  'kyphosis', // PadChest
  'aortic elongation', // PadChest
  'aortic enlargement', // VinDr
  'calcification', // VinDr
  'interstitial lung disease', // VinDr
  'copd signs', // VinDr, PadChest
] as const;

export type SharedFinding = (typeof SHARED_FINDINGS)[number];

/** One label of a data set: its name in the published table, and in the shared vocabulary where it has one. */
export interface Finding {
  name: string;
  shared: SharedFinding | null;
}

/**
 * The findings asked for by published or shared name, in the order asked; all of them where nothing is asked.
 * Throws an InputError for an unknown name (with the nearest known one), for one named twice, and for an empty list.
 */
export function selectFindings(dataset: string, known: readonly Finding[], wanted?: readonly string[]): Finding[] {
  if (!wanted) return [...known];
  const what = `findings of ${dataset}`;
  const listing = known
    .map(({ name, shared }) => (shared && shared !== name ? `${name} (${shared})` : name))
    .join(', ');
  if (wanted.length === 0) throw inputError({ what, found: 'an empty list', expected: `some of: ${listing}` });
  const selected = new Set<Finding>();
  for (const word of wanted) {
    const finding = known.find(({ name, shared }) => word === name || word === shared);
    if (!finding) {
      const guess = nearest(
        word,
        known.flatMap(({ name, shared }) => (shared ? [name, shared] : [name])),
      );
      throw inputError({ what, found: `"${word}"`, expected: `one of: ${listing}`, fix: `Did you mean "${guess}"?` });
    }
    if (selected.has(finding)) {
      throw inputError({
        what,
        found: `${finding.name} twice`,
        expected: 'each finding once',
        fix: `Remove "${word}".`,
      });
    }
    selected.add(finding);
  }
  return [...selected];
}

/** Pairs `[in a, in b]` of findings that are one: of one shared name, or, outside the shared vocabulary, of one name but for case. */
export function sharedFindings(a: readonly Finding[], b: readonly Finding[]): [inA: number, inB: number][] {
  const word = ({ name, shared }: Finding) => shared ?? name.toLowerCase();
  const words = b.map(word);
  return [...a.keys()].flatMap((i): [number, number][] => {
    const j = words.indexOf(word(a[i]!));
    return j < 0 ? [] : [[i, j]];
  });
}
