/**
 * A list of ids, each of which can be marked once. The published lists are sorted, and so are the tables that go with them: then each
 * look-up is one step on, where a hash table of the published size costs more than reading the table. Any other order works too.
 */
export class SortedIds {
  private readonly ids: readonly string[];
  private readonly marks: Uint8Array;
  /** The number of ids that are less than the one asked for last. */
  private at = 0;

  constructor(ids: readonly string[]) {
    const ascending = ids.every((id, i) => i === 0 || ids[i - 1]! < id);
    this.ids = ascending ? ids : [...new Set(ids)].sort();
    this.marks = new Uint8Array(this.ids.length);
  }

  /** Marks an id: true the first time, false again, undefined where it is not in the list. */
  mark(id: string): boolean | undefined {
    if (!this.find(id)) return undefined;
    const first = this.marks[this.at] === 0;
    this.marks[this.at] = 1;
    return first;
  }

  isMarked(id: string): boolean {
    return this.find(id) && this.marks[this.at] === 1;
  }

  unmarked(): string[] {
    return this.ids.filter((_, i) => this.marks[i] === 0);
  }

  /** Moves to the first id that is not less; true where it is this one. */
  private find(id: string): boolean {
    const { ids } = this;
    if (this.at < ids.length && ids[this.at]! < id) this.at++;
    const here = (this.at === 0 || ids[this.at - 1]! < id) && (this.at === ids.length || ids[this.at]! >= id);
    if (!here) this.at = this.search(id);
    return ids[this.at] === id;
  }

  private search(id: string): number {
    let low = 0;
    for (let high = this.ids.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (this.ids[middle]! < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
