/**
 * What `torch.save` wrote before 1.6, and writes with `_use_new_zipfile_serialization=False` (torch/serialization.py,
 * `_legacy_save`): five pickles (magic number, version, system, object, keys of the storages), then for each storage its
 * number of elements and its bytes.
 */
import { ByteSource } from './byte-source.js';
import type { CheckpointRecord } from './checkpoint.js';
import { type ElementType, STORAGE_TYPES } from './element-types.js';
import type { InputFile } from './input-file.js';
import { unpickle } from './pickle.js';
import { Dict, Global, isCount, isTuple, List, type Python } from './python.js';
import { PICKLE_LIMIT, readRoot } from './pytorch.js';
import { type Place, Storages } from './storages.js';

const MAGIC_NUMBER = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;

/** Reads an open file. Throws an InputError that says what is wrong with it, or what else it is. */
export function readPytorchLegacy(file: InputFile): CheckpointRecord {
  const { refuse } = file;
  const end = Math.min(file.bytes, PICKLE_LIMIT);
  const source = new ByteSource((at, n) => file.read(at, n), 0, end, refuse);
  const types = new Map<string, ElementType>();
  const places = new Map<string, Place>();
  const place = (key: string): Place => {
    const found = places.get(key);
    if (!found) throw refuse(`no storage '${key}', which its tensors lie in`);
    return found;
  };
  return readRoot(new Storages(file, place, refuse), refuse, (reader) => {
    const next = (persistent: (id: Python) => Python) => unpickle(source, { ...reader, persistent });
    const plain = () =>
      next(() => {
        throw refuse('a pickle that refers to something outside it where nothing is');
      });
    if (plain() !== MAGIC_NUMBER) throw plainPickle(file);
    if (plain() !== VERSION) throw refuse('a version of the format that torch.save never wrote', `version ${VERSION}`);
    checkSystem(plain(), file);
    const object = next((id) => persistent(id, types, file));
    const keys = plain();
    readStorages(file, source.position, keys, types, places);
    return object;
  });
}

function plainPickle({ refuse }: InputFile): Error {
  return refuse(
    'a pickle that torch.save did not write',
    'what torch.save writes',
    "In Python, load it as its author says, and torch.save(state_dict, 'weights.pth').",
  );
}

/** {'protocol_version': 1001, 'little_endian': True, 'type_sizes': {...}} */
function checkSystem(system: Python, { refuse }: InputFile): void {
  const entries = system instanceof Dict ? system.entries : [];
  if (entries[entries.indexOf('little_endian') + 1] === false) {
    throw refuse('numbers of a big-endian machine', 'little-endian ones', 'Save the file again on another machine.');
  }
}

/**
 * ('storage', class, key, device, elements, None or (key of the view, first element, elements)), or, for the classes of
 * a pickled network, ('module', class, file, source).
 */
function persistent(id: Python, types: Map<string, ElementType>, { refuse }: InputFile): Python {
  const [word, type, key, , length, view] = isTuple(id) ? id : [];
  if (word === 'module' && type instanceof Global) return type;
  const element = type instanceof Global ? STORAGE_TYPES.get(type.name) : undefined;
  if (word !== 'storage' || !element || typeof key !== 'string' || !isCount(length)) {
    throw refuse('a pickle that refers to something outside it that is no storage');
  }
  if (!types.has(key)) types.set(key, element); // the first use decides what the file counts in
  if (!isTuple(view)) return { storage: key, type: element, first: 0, length };
  const [, first, viewLength] = view;
  if (!isCount(first) || !isCount(viewLength) || first + viewLength > length) {
    throw refuse(`a view of storage '${key}' that leaves it`);
  }
  return { storage: key, type: element, first, length: viewLength };
}

function readStorages(
  file: InputFile,
  position: number,
  keys: Python,
  types: ReadonlyMap<string, ElementType>,
  places: Map<string, Place>,
): void {
  const { refuse } = file;
  if (!(keys instanceof List)) throw refuse('no list of storages');
  let at = position;
  for (const key of keys.items) {
    const type = typeof key === 'string' ? types.get(key) : undefined;
    if (typeof key !== 'string' || !type || places.has(key)) throw refuse('storages that no tensor lies in');
    const elements = Number(file.read(at, 8).readBigUInt64LE());
    const bytes = elements * type.bytes;
    if (at + 8 + bytes > file.bytes) throw refuse(`storage '${key}' that ends after the end of the file (cut off?)`);
    places.set(key, { start: at + 8, bytes });
    at += 8 + bytes;
  }
}
