/** What `torch.save` writes since 1.6 (torch/serialization.py, `_save`): a ZIP with a pickle and a file per storage. */
import { ByteSource } from './byte-source.js';
import type { CheckpointRecord } from './checkpoint.js';
import { STORAGE_TYPES } from './element-types.js';
import type { InputFile } from './input-file.js';
import { unpickle } from './pickle.js';
import { Global, isCount, isTuple, type Python } from './python.js';
import { PICKLE_LIMIT, readRoot } from './pytorch.js';
import { type Place, Storages } from './storages.js';
import { readEntry, readZip, type ZipEntry } from './zip.js';

/** Bytes that compressed storages may have, per byte of the file. Weights shrink by a tenth; zeros by a thousand. */
const UNPACKED_RATIO = 20;

/** Reads an open file. Throws an InputError that says what is wrong with it, or what else it is. */
export function readPytorchZip(file: InputFile): CheckpointRecord {
  const { refuse } = file;
  const entries = readZip(file);
  const pickle = [...entries.values()].find(({ name }) => /^[^/]*\/data\.pkl$/.test(name));
  if (!pickle) throw otherZip(file, entries);
  const folder = pickle.name.slice(0, -'data.pkl'.length);
  if (entries.has(`${folder}constants.pkl`)) {
    throw refuse(
      'a TorchScript program',
      'what torch.save writes of a state dict',
      "In Python: torch.save(torch.jit.load('program.pt').state_dict(), 'weights.pth').",
    );
  }
  const order = entries.get(`${folder}byteorder`);
  if (order && (order.bytes > 16 || readEntry(file, order).toString('latin1') !== 'little')) {
    throw refuse('numbers of a big-endian machine', 'little-endian ones', 'Save the file again on another machine.');
  }
  if (pickle.bytes > PICKLE_LIMIT) throw refuse(`a pickle of ${pickle.bytes} bytes`, `at most ${PICKLE_LIMIT}`);

  let spare = UNPACKED_RATIO * file.bytes;
  const place = (key: string): Place => {
    const entry = entries.get(`${folder}data/${key}`);
    if (!entry) throw refuse(`no storage '${key}', which its tensors lie in`);
    if (!entry.isDeflated) return entry;
    spare -= entry.bytes;
    if (spare < 0) throw refuse(`compressed storages of more than ${UNPACKED_RATIO} times the size of the file`);
    return { unpacked: readEntry(file, entry) };
  };
  const source = pickle.isDeflated
    ? packedSource(file, pickle)
    : new ByteSource((at, n) => file.read(at, n), pickle.start, pickle.start + pickle.bytes, refuse);
  return readRoot(new Storages(file, place, refuse), refuse, (reader) =>
    unpickle(source, { ...reader, persistent: (id) => storageOf(id, file) }),
  );
}

function packedSource(file: InputFile, entry: ZipEntry): ByteSource {
  const bytes = readEntry(file, entry);
  return new ByteSource((at, n) => bytes.subarray(at, at + n), 0, bytes.length, file.refuse);
}

/** ('storage', class, key, device, elements) */
function storageOf(id: Python, { refuse }: InputFile): Python {
  const [word, type, key, , length] = isTuple(id) ? id : [];
  const element = type instanceof Global ? STORAGE_TYPES.get(type.name) : undefined;
  if (word !== 'storage' || !element || typeof key !== 'string' || !isCount(length)) {
    throw refuse('a pickle that refers to something outside it that is no storage');
  }
  return { storage: key, type: element, first: 0, length };
}

function otherZip({ refuse }: InputFile, entries: ReadonlyMap<string, ZipEntry>): Error {
  const names = [...entries.keys()];
  if (names.length > 0 && names.every((name) => name.endsWith('.npy'))) {
    return refuse('a NumPy archive (.npz)', undefined, 'Save its arrays in Python with safetensors.numpy.save_file.');
  }
  const shown = names
    .slice(0, 3)
    .map((name) => JSON.stringify(name.slice(0, 80)))
    .join(', ');
  return refuse(
    `a ZIP without the data.pkl of torch.save (${shown || 'no entries'})`,
    undefined,
    'If it is packed around a checkpoint, unpack it first.',
  );
}
