import { packageVersion } from '../../base/index.js';
import { ImageError, imagePool } from '../../imaging/index.js';
import {
  cell,
  count,
  counted,
  escapeHtml,
  headerHtml,
  left,
  page,
  right,
  type Table,
  tableHtml,
} from '../../pages/index.js';
import { missingHtml } from '../captions.js';
import { colorPicture } from '../picture.js';
import { STYLE } from '../style.js';
import type { DedupResult, Duplicate, SourceSummary } from './deduplicate.js';

export interface DuplicatesPageOptions {
  /** The most groups that are drawn, the largest first. */
  groups?: number;
  /** The most pictures of a group. */
  perGroup?: number;
  onProgress?(done: number, total: number): void;
}

const SIDE = 144;
const GROUPS = 60;
const PER_GROUP = 8;

/** The groups as pictures, the kept or tested one first, as one HTML page. A picture that cannot be read keeps its place, with the reason. */
export async function duplicatesPage(result: DedupResult, options: DuplicatesPageOptions = {}): Promise<string> {
  const { groups: most = GROUPS, perGroup = PER_GROUP, onProgress } = options;
  const largest = Array.from({ length: result.groups }, (_, i) => i).sort(
    (a, b) => result.size(b) - result.size(a) || a - b,
  );
  const chosen = largest.slice(0, most);
  const articles: string[] = [];
  for (const [done, group] of chosen.entries()) {
    articles.push(await groupHtml(group, result.group(group), perGroup));
    onProgress?.(done + 1, chosen.length);
  }
  const against = result.against.length > 0;
  const title = against ? 'Pictures that are in a test set' : 'Pictures that are there more than once';
  const left = result.groups - chosen.length;
  const body = [
    headerHtml({ title, lead: leadOf(result), version: packageVersion(), createdAt: new Date().toISOString() }),
    '<main>',
    tableHtml(sourceTable(result), 'Table 1'),
    ...articles,
    left > 0 ? `<p>${escapeHtml(`${counted(left, 'smaller group')} are in the list alone.`)}</p>` : '',
    '</main>',
  ];
  return page({ title, body: body.join('\n'), style: STYLE, pictures: true });
}

/** What was found, in a sentence. */
export function leadOf({ sources, against, distance, groups, dropped, identical }: DedupResult): string {
  const pictures = sources.reduce((sum, source) => sum + source.pictures, 0);
  const how = distance === 'exact' ? 'equal pixels' : `perceptual hashes at most ${distance} of 64 bits apart`;
  if (dropped === 0)
    return `None of ${counted(pictures, 'picture')} ${against.length > 0 ? 'is in the test set' : 'is there twice'} (${how}).`;
  const what = `${count(dropped)} of ${counted(pictures, 'picture')}`;
  const where =
    against.length > 0
      ? `are in the test set, as ${counted(groups, 'picture')} of it`
      : `are there again, in ${counted(groups, 'group')}`;
  return `${what} ${where}: ${count(identical)} with equal pixels (${how}).`;
}

function sourceTable({ sources, against }: DedupResult): Table {
  const row = ({ name, pictures, unreadable }: SourceSummary) =>
    [name, count(pictures), count(unreadable.length)].map(cell);
  const groups = [{ rows: sources.map(row) }];
  return {
    title: 'Sources.',
    columns: [left('Source'), right('Pictures'), right('Unreadable')],
    groups: against.length > 0 ? [...groups, { heading: 'Test set', rows: against.map(row) }] : groups,
    notes: [],
  };
}

async function groupHtml(group: number, pictures: readonly Duplicate[], most: number): Promise<string> {
  const shots = await Promise.all(pictures.slice(0, most).map(shotHtml));
  const more = pictures.length > most ? `<p class="meta">and ${count(pictures.length - most)} more</p>` : '';
  return `<section><h3>Group ${count(group + 1)} <small>${counted(pictures.length, 'picture')}</small></h3><div class="sheet">${shots.join('')}</div>${more}</section>`;
}

async function shotHtml({ id, source, action, distance, identical, width, height, image }: Duplicate): Promise<string> {
  const preprocessing = { size: SIDE, channels: 3, fit: 'pad', minMax: false, equalize: false } as const;
  let drawn: string;
  try {
    const [rendered] = await imagePool().render(image, [{ preprocessing, bits: 8 }]);
    const { src } = await colorPicture(rendered!.pixels as Uint8Array, SIDE);
    drawn = `<img class="picture" src="${src}" width="${SIDE}" height="${SIDE}" alt="${escapeHtml(id)}">`;
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    drawn = missingHtml(error.reason);
  }
  const apart = identical ? 'equal pixels' : `${distance} bits apart`;
  const verdict = { keep: 'kept', reference: 'in the test set', drop: `dropped, ${apart}` }[action];
  const facts = `${source}, ${width} x ${height}`;
  return `<figure>${drawn}<figcaption class="shot"><span class="id" title="${escapeHtml(id)}">${escapeHtml(id)}</span>${action === 'drop' ? verdict : `<strong>${verdict}</strong>`}<br><span class="facts">${escapeHtml(facts)}</span></figcaption></figure>`;
}
