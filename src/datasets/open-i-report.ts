/** The reports of Open-I: XML that one program has written, of which four elements matter here. */
import { statSync } from 'node:fs';
import { inputError, readText } from '../base/index.js';

export interface OpenIReport {
  /** e.g. `CXR1`. */
  id: string;
  /** Terms in small letters that people chose, with their qualifiers: `opacity/lung/upper lobe/right`. */
  major: string[];
  /** Terms in small letters that a program found. */
  automatic: string[];
  /** Ids, e.g. `CXR1_1_IM-0001-3001`. */
  images: string[];
}

/** The longest published report has 8 kB. */
const MOST_BYTES = 2 ** 20;

/**
 * Reads a report. Only the five entities of XML and numbered characters are known, so that a document cannot make itself larger.
 * Throws an InputError that names the file where it is no whole report.
 */
export function readReport(path: string): OpenIReport {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const refuse = (found: string) =>
    inputError({ what: path, found, expected: 'a report of Open-I in XML', fix: 'Unpack NLMCXR_reports.tgz again.' });
  if (bytes > MOST_BYTES) throw refuse(`${bytes} bytes`);
  const text = readText(path);
  if (!text.includes('<eCitation>') || !text.trimEnd().endsWith('</eCitation>')) {
    throw refuse('no <eCitation>, or one without its end');
  }
  const all = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, value]) => decoded(value!, refuse));
  const [id] = all(/<uId id="([^"<]*)"/g);
  if (!id || !/^CXR\d+$/.test(id)) throw refuse(id === undefined ? 'no <uId>' : `the id "${id}"`);
  const images = all(/<parentImage id="([^"<]*)"/g);
  const strange = images.find((image) => !/^CXR[\w-]+$/.test(image));
  if (strange !== undefined) throw refuse(`the image "${strange}"`);
  const terms = (element: string) =>
    all(new RegExp(`<${element}>([^<]*)</${element}>`, 'g')).map((term) => term.trim().toLowerCase());
  return { id, images, major: terms('major'), automatic: terms('automatic') };
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decoded(text: string, refuse: (found: string) => Error): string {
  return text.replaceAll(/&([^;]*);?/g, (entity, name: string) => {
    const code = /^#(?:x([\da-f]{1,6})|(\d{1,7}))$/i.exec(name);
    const point = code ? Number.parseInt(code[1] ?? code[2]!, code[1] ? 16 : 10) : undefined;
    const character =
      point === undefined ? ENTITIES[name] : point <= 0x10ffff ? String.fromCodePoint(point) : undefined;
    if (character === undefined) throw refuse(`the entity "${entity.slice(0, 40)}"`);
    return character;
  });
}
