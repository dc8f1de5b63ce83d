/**
 * TBX11K (Nankai University): 11,200 radiographs, healthy, sick without tuberculosis, and with tuberculosis, whose signs are boxed.
 * Y. Liu, Y.-H. Wu, Y. Ban, H. Wang, M.-M. Cheng, "Rethinking Computer-aided Tuberculosis Diagnosis", CVPR 2020.
 * https://mmcheng.net/tb
 *
 * Layout: `imgs/health/h0001.png`, `imgs/sick/s0001.png`, `imgs/tb/tb0001.png`; `annotations/json/TBX11K_train.json` and
 * `TBX11K_val.json`, or `TBX11K_trainval.json` alone, in COCO's form with every image of the split, boxed or not.
 *
 * Quirks: whether an image is healthy, sick or tuberculous is only in the name of its folder; the labels of the test images are
 * withheld by the publisher; no patient, view, sex or age is published; tb1199.png is tuberculous without a box; images of earlier
 * collections lie in `imgs/extra/` and are not read.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { inputError, readJson } from '../base/index.js';
import { checkDocument } from '../documents/index.js';
import { collect, type PublishedRow } from './collect.js';
import { type Finding, selectFindings } from './findings.js';
import { findImages } from './image-files.js';
import { note } from './note.js';
import type { Box, RadiographDataset, RadiographOptions } from './radiograph.js';

const NAME = 'tbx11k';
const ACTIVE = 'ActiveTuberculosis';
const OBSOLETE = 'ObsoletePulmonaryTuberculosis';

const FINDINGS: readonly Finding[] = [
  { name: 'Healthy', shared: 'no finding' },
  { name: 'Sick', shared: null },
  { name: 'Tuberculosis', shared: 'tuberculosis' },
  { name: ACTIVE, shared: null },
  { name: OBSOLETE, shared: null },
];

/** Larger than any annotation file by a factor of a hundred. */
const MOST_BYTES = 2 ** 28;
const FOLDERS = { health: 'Healthy', sick: 'Sick', tb: 'Tuberculosis' } as const;
const FILE = /^(health|sick|tb)\/[\w-]+\.png$/;

const id = z.number().int();
const annotationFile = z.object({
  categories: z.array(z.object({ id, name: z.string() })),
  images: z.array(
    z.object({ id, file_name: z.string().regex(FILE, 'a path such as tb/tb0001.png, below health, sick or tb') }),
  ),
  annotations: z.array(
    z.object({ image_id: id, category_id: id, bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]) }),
  ),
});

/**
 * Indexes a folder in the published layout; no image is opened. The published validation split is kept; test patients are drawn from
 * the training split, for the labels of the published test images are withheld. Every image counts as a patient of its own. Throws an
 * InputError that names the file and the field for a missing or damaged annotation file and for an image in both splits.
 */
export function indexTbx11k(options: RadiographOptions): RadiographDataset {
  const { root, requireImages = true } = options;
  const findings = selectFindings(NAME, FINDINGS, options.findings);
  const folder = join(root, 'imgs');
  const images = requireImages ? imagesIn(root) : undefined;
  const seen = new Set<string>();
  const untyped: string[] = [];

  function* rows(): Generator<PublishedRow> {
    for (const [split, path] of annotationFiles(root)) {
      const { categories, images: entries, annotations } = readAnnotations(path);
      const nameOf = new Map(categories.map((category) => [category.id, category.name]));
      const boxesOf = new Map<number, Box[]>(entries.map((entry) => [entry.id, []]));
      for (const [i, { image_id, category_id, bbox }] of annotations.entries()) {
        const finding = nameOf.get(category_id);
        const boxes = boxesOf.get(image_id);
        if (finding === undefined || !boxes) {
          const found = finding === undefined ? `category ${category_id}` : `image ${image_id}`;
          throw inputError({ what: `${path}: annotations[${i}]`, found, expected: 'one that the file lists' });
        }
        const [x, y, width, height] = bbox;
        boxes.push({ finding, x, y, width, height });
      }
      for (const entry of entries) {
        const file = entry.file_name;
        if (seen.size === seen.add(file).size) {
          throw inputError({ what: path, found: `${file} again`, expected: 'each image once, in one split' });
        }
        const boxes = boxesOf.get(entry.id)!;
        if (file.startsWith('tb/') && boxes.length === 0) untyped.push(file);
        yield {
          id: file,
          path: join(folder, file),
          patient: file,
          split,
          view: null,
          sex: null,
          ageYears: Number.NaN,
          labels: Float32Array.from(findings, ({ name }) => labelOf(name, file, boxes)),
          boxes,
        };
      }
    }
  }

  return collect(
    {
      name: NAME,
      findings,
      rows: rows(),
      images: images && { ids: images, hasRow: (id) => seen.has(id) },
      notes: () => [
        'no patient is published: every image counts as a patient of its own',
        'the labels of the published test images are withheld: they are left out',
        ...note('images of tuberculosis have no box: whether it is active is unknown', untyped),
      ],
    },
    options,
  );
}

/** What the folder says of the image or, of the kinds of tuberculosis, what its boxes say. */
function labelOf(finding: string, file: string, boxes: readonly Box[]): number {
  if (finding !== ACTIVE && finding !== OBSOLETE) {
    return FOLDERS[file.slice(0, file.indexOf('/')) as keyof typeof FOLDERS] === finding ? 1 : 0;
  }
  if (file.startsWith('tb/') && boxes.length === 0) return Number.NaN;
  return boxes.some((box) => box.finding === finding) ? 1 : 0;
}

function annotationFiles(root: string): [split: 'train' | 'validate' | null, path: string][] {
  const path = (split: string) => join(root, 'annotations', 'json', `TBX11K_${split}.json`);
  const [train, validate, both] = [path('train'), path('val'), path('trainval')];
  if (existsSync(train))
    return existsSync(validate)
      ? [
          ['train', train],
          ['validate', validate],
        ]
      : [['train', train]];
  if (existsSync(both)) return [[null, both]];
  const expected = 'annotations/json/TBX11K_train.json and TBX11K_val.json, or TBX11K_trainval.json';
  throw inputError({
    what: root,
    found: 'no annotations',
    expected,
    fix: 'Name the folder that holds annotations/ and imgs/.',
  });
}

function readAnnotations(path: string): z.infer<typeof annotationFile> {
  const bytes = statSync(path).size;
  if (bytes <= MOST_BYTES) return checkDocument(annotationFile, readJson(path), path);
  throw inputError({ what: path, found: `${bytes} bytes`, expected: `an annotation file of at most ${MOST_BYTES}` });
}

/** Paths below imgs/, of the folders whose labels are published. */
function imagesIn(root: string): Set<string> {
  const found = findImages({
    root,
    folders: Object.keys(FOLDERS).map((name) => join('imgs', name)),
    endings: ['.png'],
    expected: 'PNG files in imgs/health/, imgs/sick/ and imgs/tb/',
  });
  return new Set([...found.values()].map((path) => path.slice(join(root, 'imgs').length + 1).replaceAll('\\', '/')));
}
