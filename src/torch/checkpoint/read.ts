import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { scope } from '../tensor-base.js';
import { type Checkpoint, type CheckpointRecord, emptyRecord, refusing } from './checkpoint.js';
import { InputFile } from './input-file.js';
import { readPytorchLegacy } from './pytorch-legacy.js';
import { readPytorchZip } from './pytorch-zip.js';
import { recognize } from './recognize.js';
import { readSafetensorsFile } from './safetensors.js';
import { indexBeside, readIndex } from './shards.js';

const EXPECTED = 'a safetensors file, or one of PyTorch (torch.save)';

/**
 * Everything that a file of weights holds, whatever its format, which its first bytes tell: safetensors; what torch.save
 * writes, as a ZIP (since 1.6) or in the older way; and either in shards, named by their index (JSON with a
 * `weight_map`) or by any of them beside its index. Pickles are read by a machine that runs nothing of them and refuses
 * every class and function outside a short list.
 *
 * Tensors are views into private memory maps (those of the older format of PyTorch, and others that lie askew in their
 * file, are copies), in the file's own type; the files must not be changed in place while they live. The open scope
 * owns them. Throws an InputError that names the file and says what it is instead, what is broken or what is missing.
 */
export function readCheckpoint(path: string): Checkpoint {
  return scope(() => {
    const index = indexBeside(path);
    return index ? readShards(index) : readOne(path);
  });
}

function readOne(path: string): Checkpoint {
  using file = InputFile.open(path, refusing(path, EXPECTED));
  const kind = recognize(file);
  if (kind === 'json') return readShards(path);
  const files = [path];
  if (kind === 'zip') return { format: 'pytorch', root: readPytorchZip(file), metadata: {}, files };
  if (kind === 'pickle') return { format: 'pytorch legacy', root: readPytorchLegacy(file), metadata: {}, files };
  const { values, metadata } = readSafetensorsFile(file);
  const root = emptyRecord();
  for (const [name, value] of values) root[name] = value;
  return { format: 'safetensors', root, metadata, files };
}

function readShards(path: string): Checkpoint {
  const refuse = refusing(path, 'an index of shards that has what it names', 'Fetch the index and its shards again.');
  const { shards, metadata } = readIndex(path);
  const root: CheckpointRecord = emptyRecord();
  const formats = new Set<string>();
  const files = [...shards.keys()].map((name) => join(dirname(path), name));
  for (const [i, [shard, names]] of [...shards].entries()) {
    if (!existsSync(files[i]!)) throw refuse(`no ${shard} beside it, which holds '${names[0]}'`);
    const read = readOne(files[i]!);
    formats.add(read.format);
    for (const name of names) {
      if (!(name in read.root)) throw refuse(`no '${name}' in ${shard}`);
      root[name] = read.root[name]!;
    }
    const placed = new Set(names);
    const extra = Object.keys(read.root).find((name) => !placed.has(name));
    if (extra !== undefined) throw refuse(`'${extra}' in ${shard}, which the index does not place there`);
  }
  const format = formats.has('safetensors') ? 'sharded safetensors' : 'sharded pytorch';
  if (formats.size > 1) throw refuse(`shards of several formats (${[...formats].join(', ')})`);
  return { format, root, metadata, files: [path, ...files] };
}
