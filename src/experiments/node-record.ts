/** Which parts a node of the graph has, once it was met in a run: `nodes/<id>.json` in the experiment's folder. */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { contentHash, readJson, writeJson } from '../base/index.js';
import type { GraphNode } from './graph.js';
import type { Part } from './part.js';

export interface NodeRecord {
  id: string;
  /** The node's; where the configuration's is another, the record is of an earlier form of the experiment. */
  key: string;
  /** Folders, as seen from the experiment's. */
  parts: string[];
  /** Whether these are all of them. */
  whole: boolean;
  /** What a fine-tuning whose learning rate was searched took. */
  learningRate?: number;
}

const recordPath = (folder: string, id: string) => join(folder, 'nodes', `${id.replaceAll('/', '__')}.json`);

export class NodeRecords {
  private readonly parts = new Map<string, string[]>();

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

  /** All parts of a node are finished. */
  finished({ id, key }: GraphNode, learningRate?: number): void {
    const parts = this.parts.get(id) ?? [];
    const record = { id, key, parts, whole: true, ...(learningRate !== undefined && { learningRate }) };
    const stored = readNodeRecord(this.folder, { id, key });
    if (!stored || contentHash(stored) !== contentHash(record)) this.write(record);
  }

  private write(record: NodeRecord): void {
    writeJson(recordPath(this.folder, record.id), record);
  }
}

/** The record of a node as it is now; undefined where there is none. */
export function readNodeRecord(folder: string, { id, key }: Pick<GraphNode, 'id' | 'key'>): NodeRecord | undefined {
  const path = recordPath(folder, id);
  if (!existsSync(path)) return undefined;
  const record = readJson<NodeRecord>(path);
  return record.key === key ? record : undefined;
}
