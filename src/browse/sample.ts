import { inputError, nearest, Random } from '../base/index.js';
import type { Radiograph, RadiographDataset } from '../datasets/index.js';

export interface Choice {
  /** Exactly these image ids, in this order. */
  ids?: readonly string[];
  /** Otherwise radiographs positive for this finding (published or shared name), or any. */
  finding?: string;
  count: number;
  seed: number;
}

/**
 * The radiographs to look at, the same for the same seed and table. Throws an InputError for an id or a finding that the data set does
 * not have, and where nothing is left to choose.
 */
export function chooseRadiographs(dataset: RadiographDataset, { ids, finding, count, seed }: Choice): Radiograph[] {
  const all = distinctRadiographs(dataset);
  if (ids) return ids.map((id) => findRadiograph(dataset, all, id));
  const column = finding === undefined ? undefined : findingColumn(dataset, finding);
  const candidates = [...all.values()].filter(({ labels }) => column === undefined || labels[column] === 1);
  if (candidates.length === 0) {
    const found = finding === undefined ? 'no radiograph' : `no radiograph that is positive for ${finding}`;
    throw inputError({ what: `${dataset.name} in ${dataset.root}`, found, expected: 'at least one' });
  }
  return shuffled(candidates, seed, finding ?? '').slice(0, count);
}

/** Radiographs that show one finding, or none. */
export interface SampleGroup {
  /** The published name; null for those with no positive label at all. */
  finding: string | null;
  /** How many there are to choose from. */
  positives: number;
  /** In a random order: the first ones that can be read are shown. */
  candidates: Radiograph[];
}

/**
 * For every finding its positives in a random order that depends on seed and table alone; where no finding means "no finding", also
 * those without any positive label.
 */
export function groupByFinding(dataset: RadiographDataset, seed: number): SampleGroup[] {
  const all = [...distinctRadiographs(dataset).values()];
  const group = (finding: string | null, rows: Radiograph[]): SampleGroup => ({
    finding,
    positives: rows.length,
    candidates: shuffled(rows, seed, finding ?? ''),
  });
  const groups = dataset.findings.map(({ name }, column) =>
    group(
      name,
      all.filter(({ labels }) => labels[column] === 1),
    ),
  );
  const normal = dataset.findings.some(({ shared }) => shared === 'no finding')
    ? []
    : [
        group(
          null,
          all.filter(({ labels }) => !labels.includes(1)),
        ),
      ];
  return [...groups, ...normal].filter(({ positives }) => positives > 0);
}

/** By id: an image that is in two splits is one image. */
function distinctRadiographs({ radiographs }: RadiographDataset): Map<string, Radiograph> {
  return new Map(radiographs.map((radiograph) => [radiograph.id, radiograph]));
}

function findRadiograph(dataset: RadiographDataset, all: Map<string, Radiograph>, id: string): Radiograph {
  const radiograph = all.get(id);
  if (radiograph) return radiograph;
  const absent = dataset.rowsWithoutImage.includes(id);
  const guess = absent ? undefined : nearest(id, [...all.keys()]);
  throw inputError({
    what: `image id of ${dataset.name}`,
    found: `"${id}"${absent ? ', whose image is not on disk' : ''}`,
    expected: 'an id of its table with an image',
    fix: guess === undefined ? undefined : `Did you mean "${guess}"?`,
  });
}

function findingColumn({ name, findings }: RadiographDataset, wanted: string): number {
  const column = findings.findIndex((finding) => wanted === finding.name || wanted === finding.shared);
  if (column >= 0) return column;
  const known = findings.map((finding) => finding.name);
  throw inputError({
    what: `finding of ${name}`,
    found: `"${wanted}"`,
    expected: `one of: ${known.join(', ')}`,
    fix: `Did you mean "${nearest(wanted, known)}"?`,
  });
}

function shuffled(rows: readonly Radiograph[], seed: number, purpose: string): Radiograph[] {
  return Random.of(seed, 'look at', purpose).shuffle([...rows]);
}
