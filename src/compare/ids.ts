/** Spellings that software changes in ids: what they are written with, and without. */
const SPELLINGS: [how: string, (id: string) => string][] = [
  ['without folders', (id) => id.replace(/^.*[/\\]/, '')],
  ['without the ending of the file name', (id) => id.replace(/(\.(png|jpe?g|dcm|dicom|tiff?|npy|gz|nii))+$/i, '')],
  ['in small letters', (id) => id.toLowerCase()],
  ['without leading zeros', (id) => id.replace(/^0+(?=.)/, '')],
  ['without ".0" behind whole numbers', (id) => id.replace(/^(\d+)\.0+$/, '$1')],
];

/** What to do about two lists of ids that have little in common; undefined where nobody knows. */
export function adviceForIds(ours: readonly string[], theirs: readonly string[]): string | undefined {
  if ([ours, theirs].some((ids) => ids.some((id) => SHORTENED.test(id))))
    return 'A spreadsheet has shortened long numbers: export the ids again, as text.';
  const spelling = spellingInCommon(ours, theirs);
  return spelling && `Most ids would be the same ${spelling}: spell them alike in both files.`;
}

const SHORTENED = /^\d([.,]\d+)?E\+\d+$/;

/** How ids would have to be spelled for most of two lists to be alike, e.g. "without folders"; undefined where that does not help. */
function spellingInCommon(ours: readonly string[], theirs: readonly string[]): string | undefined {
  let [spelled, others] = [ours, theirs];
  const used: string[] = [];
  for (const [how, spell] of SPELLINGS) {
    const [a, b] = [spelled.map(spell), others.map(spell)];
    if (a.every((id, i) => id === spelled[i]) && b.every((id, i) => id === others[i])) continue;
    // A spelling that makes two images one is of no use.
    if (new Set(a).size < a.length || new Set(b).size < b.length) continue;
    [spelled, others] = [a, b];
    used.push(how);
    const known = new Set(others);
    if (spelled.filter((id) => known.has(id)).length * 2 >= Math.min(ours.length, theirs.length))
      return used.join(', ');
  }
  return undefined;
}
