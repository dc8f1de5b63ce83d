import { createHash } from 'node:crypto';
import type { ImageSource } from '../../imaging/index.js';
import type { PictureList } from '../pictures.js';
import { join, type SourceIndex } from './source-index.js';

export interface IndexedOptions {
  name: string;
  /** The folder that the names of units are in. */
  root: string;
  notes: readonly string[];
  classes?: readonly string[];
  /** The label of each picture of the index. */
  labels?: Int32Array;
}

/** The pictures of an index. */
export class IndexedPictures implements PictureList {
  readonly name: string;
  readonly notes: readonly string[];
  readonly classes: readonly string[];

  constructor(
    private readonly index: SourceIndex,
    private readonly options: IndexedOptions,
  ) {
    this.name = options.name;
    this.notes = options.notes;
    this.classes = options.classes ?? [];
  }

  get length(): number {
    return this.index.length;
  }

  at(index: number): ImageSource | undefined {
    if (!(index >= 0 && index < this.length)) return undefined;
    const unit = this.index.unitOf(index);
    const { units, entries } = this.index.columns;
    const path = join(this.options.root, units.names.at(unit));
    if (this.index.kind === 'folder') return { kind: 'file', path: `${path}/${entries.names.at(index)}` };
    const block = this.index.blockOf(unit, index);
    const place = { offset: entries.offsets[index]!, length: entries.lengths[index]! };
    const name = `${path}/${entries.names.at(index)}`;
    return { kind: 'part', name, path, ...place, ...(block && { block }) };
  }

  id(index: number): string {
    const { units, entries } = this.index.columns;
    return join(units.names.at(this.index.unitOf(index)), entries.names.at(index));
  }

  split(): undefined {
    return undefined;
  }

  label(index: number): number {
    return this.options.labels?.[index] ?? -1;
  }

  stamp(index: number): string {
    const { entries } = this.index.columns;
    if (this.index.kind === 'folder') return `${entries.lengths[index]} ${entries.modified[index]}`;
    const { size, modified } = this.index.stampOf(this.index.unitOf(index));
    const block = entries.blocks.length > 0 ? entries.blocks[index] : -1;
    return [entries.offsets[index], entries.lengths[index], block, size, modified].join(' ');
  }

  fingerprint(): string {
    const hash = createHash('sha256');
    const add = (values: Uint8Array | Uint32Array | Int32Array | Float64Array | undefined) => {
      hash.update(`${values?.length} `);
      // A hash takes 2 GiB at a time.
      const bytes = values && new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      for (let at = 0; bytes && at < bytes.length; at += PART) hash.update(bytes.subarray(at, at + PART));
    };
    const { units, unitEntries, entries } = this.index.columns;
    for (const texts of [units.names, entries.names]) {
      add(texts.bytes);
      add(texts.ends);
    }
    add(unitEntries);
    add(entries.lengths);
    add(this.options.labels);
    return hash.digest('hex');
  }
}

const PART = 2 ** 30;
