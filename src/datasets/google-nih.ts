/**
 * Google's radiologist labels for ChestX-ray14: 4,376 of its images, each labelled for four findings by three radiologists who
 * discussed until they agreed. A. Majkowska et al., "Chest Radiograph Interpretation with Deep Learning Models", Radiology
 * 294:421-431 (2020). https://docs.cloud.google.com/healthcare-api/docs/resources/public-datasets/nih-chest
 *
 * Layout: a ChestX-ray14 folder with, beside the images, `four_findings_expert_labels/test_labels.csv` and `validation_labels.csv`
 * as Google distributes them (also as `four_findings_expert_labels_test_labels.csv` and so on), or both in one file as
 * torchxrayvision has it, `google2019_nih-chest-xray-labels.csv`, where `Set Id` is `test` or `val`.
 *
 * There is no training split: the set is for testing (and choosing) models that were trained elsewhere. Its images are
 * ChestX-ray14's, so a model that was trained on ChestX-ray14 may have seen them.
 */
import { join } from 'node:path';
import { inputError } from '../base/index.js';
import { parseAge, parseSex } from './cells.js';
import { findNihImages } from './chestxray14.js';
import { collect, type PublishedRow } from './collect.js';
import { type Finding, selectFindings } from './findings.js';
import { publishedFile, publishedFileIfAny } from './image-files.js';
import type { RadiographDataset, RadiographOptions, Split } from './radiograph.js';
import { readTable, rowName } from './table.js';

const NAME = 'google-nih';
const JOINED = 'google2019_nih-chest-xray-labels.csv';
const PARTS: readonly [Split, string][] = [
  ['test', 'test_labels.csv'],
  ['validate', 'validation_labels.csv'],
];
const COLUMNS = ['Image Index', 'Patient ID', 'Patient Age', 'Patient Gender', 'View Position'] as const;

const FINDINGS: readonly Finding[] = [
  { name: 'Fracture', shared: 'fracture' },
  { name: 'Pneumothorax', shared: 'pneumothorax' },
  { name: 'Airspace opacity', shared: 'lung opacity' },
  { name: 'Nodule or mass', shared: 'nodule/mass' },
];

/** Nothing: the image was not among those that were discussed for this finding. */
const LABELS: Readonly<Record<string, number>> = { YES: 1, NO: 0, '': Number.NaN };
const SETS: Readonly<Record<string, Split>> = { test: 'test', val: 'validate' };

/**
 * Indexes a ChestX-ray14 folder with Google's labels; no image is opened. The published test and validation sets are kept. Images
 * that Google did not label are not reported. Throws an InputError that names the file, and the row or column, for a missing file
 * or column, a label other than YES and NO, an unknown set, sex or age, an image with two rows, and where no image is found.
 */
export function indexGoogleNih(options: RadiographOptions): RadiographDataset {
  const { root, requireImages = true } = options;
  const findings = selectFindings(NAME, FINDINGS, options.findings);
  const tables = tablesIn(root);
  const images = requireImages ? findNihImages(root) : undefined;

  function* rows(): Generator<PublishedRow> {
    const seen = new Set<string>();
    for (const { table, split: setOfTable } of tables) {
      const names = findings.map(({ name }) => name);
      const columns = [...COLUMNS, ...names, ...(setOfTable ? [] : ['Set Id'])];
      for (const [index, row] of readTable<string>(table, columns)) {
        const id = row['Image Index']!;
        const at = (column: string) => () => `${rowName(table, index)}, ${column}`;
        if (seen.has(id)) {
          throw inputError({ what: rowName(table, index), found: `${id} again`, expected: 'one row per image' });
        }
        seen.add(id);
        const patient = row['Patient ID'];
        if (!patient) throw inputError({ what: at('Patient ID')(), found: 'nothing', expected: 'an identifier' });
        yield {
          id,
          path: images?.get(id) ?? join(root, 'images', id),
          patient,
          split: setOfTable ?? oneOf(SETS, row['Set Id']!, at('Set Id')),
          view: row['View Position'] || null,
          sex: parseSex(row['Patient Gender']!, at('Patient Gender')),
          ageYears: parseAge(row['Patient Age']!, at('Patient Age')),
          labels: Float32Array.from(names, (name) => oneOf(LABELS, row[name]!, at(name))),
        };
      }
    }
  }

  return collect({ name: NAME, findings, rows: rows(), hasImage: ({ id }) => images!.has(id) }, options);
}

/** The tables, with the split where the whole table is one. */
function tablesIn(root: string): { table: string; split?: Split }[] {
  const parts = PARTS.flatMap(([split, file]) => {
    const names = [join('four_findings_expert_labels', file), `four_findings_expert_labels_${file}`];
    const table = publishedFileIfAny(root, names);
    return table ? [{ table, split }] : [];
  });
  if (parts.length > 0) return parts;
  const expected = "ChestX-ray14 with Google's labels";
  return [{ table: publishedFile(root, [JOINED, 'four_findings_expert_labels/test_labels.csv'], expected) }];
}

function oneOf<T>(values: Readonly<Record<string, T>>, cell: string, where: () => string): T {
  if (Object.hasOwn(values, cell)) return values[cell]!;
  const known = Object.keys(values).map((value) => value || 'nothing');
  throw inputError({ what: where(), found: `"${cell}"`, expected: known.join(' or ') });
}
