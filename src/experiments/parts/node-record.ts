/** Which parts a node of the graph has, once it was met in a run: `nodes/<id>.json` in the experiment's folder. */
import { join, relative } from 'node:path';
import { contentHash, writeJson } from '../../base/index.js';
import type { GraphNode } from './graph.js';
import type { Part } from './part.js';
import { readJsonIfThere } from './running.js';

export interface NodeRecord {
  id: string;
  /** The node's; where the configuration's is another, the record is of an earlier form of the experiment. */
  key: string;
  /** Folders, as seen from the experiment's. */
  parts: string[];
  /** Whether these are all of them. */
  whole: boolean;
  /** Of the work of its parts, where it was done here; of one that was interrupted, since it was taken up. */
  seconds?: number;
  /** Of a fine-tuning. */
  learningRate?: number;
}

const fileName = (id: string) => id.replaceAll('/', '__');
const recordPath = (folder: string, id: string) => join(folder, 'nodes', `${fileName(id)}.json`);

/** Where it is said how far a test is, which is no part, and why a node failed. */
export const nodeStatusPath = (folder: string, id: string) => join(folder, 'nodes', `${fileName(id)}.status.json`);

export class NodeRecords {
  private readonly parts = new Map<string, string[]>();
  private readonly seconds = new Map<string, number>();

  constructor(
    private readonly folder: string,
    private readonly keys: ReadonlyMap<string, string>,
  ) {}

  /** A part of a node was found or begins. */
  met(id: string, part: Part): void {
    const parts = [...new Set([...(this.parts.get(id) ?? []), relative(this.folder, part.folder)])];
    this.parts.set(id, parts);
    const key = this.keys.get(id)!;
    const stored = readNodeRecord(this.folder, { id, key });
    if (!stored || parts.some((folder) => !stored.parts.includes(folder))) this.write({ id, key, parts, whole: false });
  }

  /** Work on a part of a node took so long. */
  took(id: string, seconds: number): void {
    this.seconds.set(id, (this.seconds.get(id) ?? 0) + seconds);
  }

  /** All parts of a node are finished. */
  finished({ id, key }: GraphNode, learningRate?: number): void {
    const stored = readNodeRecord(this.folder, { id, key });
    const seconds = this.seconds.get(id) ?? stored?.seconds;
    const known = { ...(seconds !== undefined && { seconds }), ...(learningRate !== undefined && { learningRate }) };
    const record = { id, key, parts: this.parts.get(id) ?? [], whole: true, ...known };
    if (!stored || contentHash(stored) !== contentHash(record)) this.write(record);
  }

  private write(record: NodeRecord): void {
    writeJson(recordPath(this.folder, record.id), record);
  }
}

/** The record of a node as it is now; undefined where there is none. */
export function readNodeRecord(folder: string, { id, key }: Pick<GraphNode, 'id' | 'key'>): NodeRecord | undefined {
  const record = readJsonIfThere<NodeRecord>(recordPath(folder, id));
  return record?.key === key ? record : undefined;
}
