/**
 * What a source of pictures holds, unit by unit, as columns. A unit is what is looked at again only when it has changed: a
 * folder, a tar shard, a Parquet file. Ten million pictures take some 40 bytes each.
 */
import { BLOCK_CODECS, type BlockCodec, type CompressedBlock } from '../../imaging/index.js';
import { float64s, int32s, type Texts, TextsBuilder, uint32s } from './columns.js';

export const SOURCE_KINDS = ['folder', 'tar', 'parquet'] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/** By what a changed unit is known. */
export interface UnitStamp {
  /** Bytes. */
  size: number;
  /** When it was changed, ms since 1970. */
  modified: number;
}

/** One picture within its unit. */
export interface Entry {
  /** Unique in the unit: a file's or member's name, a row's number. */
  name: string;
  /** First byte, in the unit's file or in the block; 0 of files of their own. */
  offset: number;
  /** Bytes. */
  length: number;
  /** Of files of their own: when it was changed, ms since 1970. */
  modified?: number;
  /** As the source says it; -1 unless said. */
  label?: number;
  /** Number of its compressed block in the unit; -1 where it lies uncompressed. */
  block?: number;
}

/** What was left out of a unit, why, how often, and the first few. */
export interface Remark {
  what: string;
  count: number;
  first: string[];
}

export interface Columns {
  units: { names: Texts; sizes: Float64Array; modified: Float64Array; checked: Float64Array; remarks: Texts };
  /** Where each unit's entries and blocks end. */
  unitEntries: Uint32Array;
  unitBlocks: Uint32Array;
  entries: {
    names: Texts;
    offsets: Float64Array;
    lengths: Float64Array;
    modified: Float64Array;
    labels: Int32Array;
    blocks: Int32Array;
  };
  blocks: { offsets: Float64Array; lengths: Float64Array; sizes: Float64Array; codecs: Uint32Array };
}

const SHOWN = 5;

/** A finished index, or what there is of one so far. */
export class SourceIndex {
  constructor(
    readonly kind: SourceKind,
    /** Names of the labels, where the source has them. */
    readonly classes: readonly string[],
    /** Whether every unit was looked at. */
    readonly complete: boolean,
    readonly columns: Columns,
  ) {}

  /** Pictures. */
  get length(): number {
    return this.columns.entries.names.length;
  }

  get unitCount(): number {
    return this.columns.units.names.length;
  }

  stampOf(unit: number): UnitStamp {
    const { sizes, modified } = this.columns.units;
    return { size: sizes[unit]!, modified: modified[unit]! };
  }

  /**
   * Whether a unit with this stamp is sure to be the one that was looked at. A change right after the look may leave the time as
   * it was, as clocks of file systems go in steps.
   */
  isCurrent(unit: number, { size, modified }: UnitStamp): boolean {
    const known = this.stampOf(unit);
    const settled = this.columns.units.checked[unit]! - modified >= SETTLED_MS;
    return settled && known.size === size && known.modified === modified;
  }

  /** The unit of a picture. */
  unitOf(entry: number): number {
    const ends = this.columns.unitEntries;
    let [low, high] = [0, ends.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ends[middle]! > entry) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  blockOf(unit: number, entry: number): CompressedBlock | undefined {
    const { entries, blocks, unitBlocks } = this.columns;
    const within = entries.blocks.length > 0 ? entries.blocks[entry]! : -1;
    if (within < 0) return undefined;
    const at = (unit === 0 ? 0 : unitBlocks[unit - 1]!) + within;
    const codec = BLOCK_CODECS[blocks.codecs[at]!]!;
    return { offset: blocks.offsets[at]!, length: blocks.lengths[at]!, codec, size: blocks.sizes[at]! };
  }

  /** The remarks of all units, added up. */
  remarks(): Remark[] {
    const sums = new Map<string, Remark>();
    const { names, remarks } = this.columns.units;
    for (let unit = 0; unit < remarks.length; unit++) {
      const text = remarks.at(unit);
      if (text === '') continue;
      for (const { what, count, first } of JSON.parse(text) as Remark[]) {
        const sum = sums.get(what) ?? { what, count: 0, first: [] };
        sum.count += count;
        const prefix = names.at(unit);
        for (const name of first) if (sum.first.length < SHOWN) sum.first.push(join(prefix, name));
        sums.set(what, sum);
      }
    }
    return [...sums.values()];
  }
}

const SETTLED_MS = 2000;

/** `name` in the unit `unit`, with `/` between them. */
export const join = (unit: string, name: string) => (unit === '' ? name : name === '' ? unit : `${unit}/${name}`);

/** Writes an index, unit by unit: `begin`, `add`, `addBlock` and `remark`, `end`; or `copy` of a unit that is known. */
export class IndexBuilder {
  readonly #names = new TextsBuilder();
  readonly #remarks = new TextsBuilder();
  readonly #sizes = float64s();
  readonly #modified = float64s();
  readonly #checked = float64s();
  readonly #unitEntries = uint32s();
  readonly #unitBlocks = uint32s();
  readonly #entryNames = new TextsBuilder();
  readonly #offsets = float64s();
  readonly #lengths = float64s();
  readonly #entryModified = float64s();
  readonly #labels = int32s();
  readonly #entryBlocks = int32s();
  readonly #blockOffsets = float64s();
  readonly #blockLengths = float64s();
  readonly #blockSizes = float64s();
  readonly #blockCodecs = uint32s();
  #open = new Map<string, Remark>();
  classes: readonly string[] = [];

  constructor(readonly kind: SourceKind) {}

  get length(): number {
    return this.#lengths.length;
  }

  get unitCount(): number {
    return this.#sizes.length;
  }

  add({ name, offset, length, modified = -1, label = -1, block = -1 }: Entry): void {
    this.#entryNames.push(name);
    this.#lengths.push(length);
    if (this.kind === 'folder') this.#entryModified.push(modified);
    else {
      this.#offsets.push(offset);
      this.#labels.push(label);
    }
    if (this.kind === 'parquet') this.#entryBlocks.push(block);
  }

  /** Returns the block's number in the unit. */
  addBlock({ offset, length, size, codec }: CompressedBlock): number {
    this.#blockOffsets.push(offset);
    this.#blockLengths.push(length);
    this.#blockSizes.push(size);
    this.#blockCodecs.push(BLOCK_CODECS.indexOf(codec satisfies BlockCodec));
    return this.#blockCodecs.length - 1 - (this.#unitBlocks.values().at(-1) ?? 0);
  }

  /** Something of the open unit that is left out. */
  remark(what: string, name: string): void {
    const remark = this.#open.get(what) ?? { what, count: 0, first: [] };
    remark.count++;
    if (remark.first.length < SHOWN) remark.first.push(name);
    this.#open.set(what, remark);
  }

  /** Ends the unit that all since the last one belongs to. `checked`: when it was looked at, ms since 1970. */
  end(name: string, { size, modified }: UnitStamp, checked: number): void {
    this.#names.push(name);
    this.#sizes.push(size);
    this.#modified.push(modified);
    this.#checked.push(checked);
    this.#remarks.push(this.#open.size > 0 ? JSON.stringify([...this.#open.values()]) : '');
    this.#open = new Map();
    this.#unitEntries.push(this.#lengths.length);
    this.#unitBlocks.push(this.#blockCodecs.length);
  }

  /** Takes a unit over from an index of the same kind, as it was looked at then. */
  copy({ kind, columns }: SourceIndex, unit: number): void {
    if (kind !== this.kind) throw new RangeError(`IndexBuilder: a unit of ${kind} in ${this.kind}`);
    const { units, entries, blocks, unitEntries, unitBlocks } = columns;
    const [from, to] = [unit === 0 ? 0 : unitEntries[unit - 1]!, unitEntries[unit]!];
    const [firstBlock, endBlock] = [unit === 0 ? 0 : unitBlocks[unit - 1]!, unitBlocks[unit]!];
    this.#names.append(units.names, unit, unit + 1);
    this.#sizes.push(units.sizes[unit]!);
    this.#modified.push(units.modified[unit]!);
    this.#checked.push(units.checked[unit]!);
    this.#remarks.append(units.remarks, unit, unit + 1);
    this.#entryNames.append(entries.names, from, to);
    this.#lengths.append(entries.lengths.subarray(from, to));
    this.#offsets.append(entries.offsets.subarray(from, to));
    this.#entryModified.append(entries.modified.subarray(from, to));
    this.#labels.append(entries.labels.subarray(from, to));
    this.#entryBlocks.append(entries.blocks.subarray(from, to));
    this.#blockOffsets.append(blocks.offsets.subarray(firstBlock, endBlock));
    this.#blockLengths.append(blocks.lengths.subarray(firstBlock, endBlock));
    this.#blockSizes.append(blocks.sizes.subarray(firstBlock, endBlock));
    this.#blockCodecs.append(blocks.codecs.subarray(firstBlock, endBlock));
    this.#unitEntries.push(this.#lengths.length);
    this.#unitBlocks.push(this.#blockCodecs.length);
  }

  /** The units that have ended; valid until more is written. */
  index(complete: boolean): SourceIndex {
    const unitEntries = this.#unitEntries.values();
    const unitBlocks = this.#unitBlocks.values();
    const entries = unitEntries.at(-1) ?? 0;
    const blocks = unitBlocks.at(-1) ?? 0;
    return new SourceIndex(this.kind, this.classes, complete, {
      units: {
        names: this.#names.texts(),
        sizes: this.#sizes.values(),
        modified: this.#modified.values(),
        checked: this.#checked.values(),
        remarks: this.#remarks.texts(),
      },
      unitEntries,
      unitBlocks,
      entries: {
        names: this.#entryNames.texts(entries),
        offsets: this.#offsets.values(entries),
        lengths: this.#lengths.values(entries),
        modified: this.#entryModified.values(entries),
        labels: this.#labels.values(entries),
        blocks: this.#entryBlocks.values(entries),
      },
      blocks: {
        offsets: this.#blockOffsets.values(blocks),
        lengths: this.#blockLengths.values(blocks),
        sizes: this.#blockSizes.values(blocks),
        codecs: this.#blockCodecs.values(blocks),
      },
    });
  }
}
