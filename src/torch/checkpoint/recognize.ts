/** Tells by a file's first bytes what it is; its name says nothing. */
import type { InputFile } from './input-file.js';

export type Kind = 'safetensors' | 'zip' | 'pickle' | 'json';

const BY_PYTHON = 'Convert it in Python: save its state dict with safetensors or torch.save.';

/** Beginnings (latin-1) of what is no checkpoint, what it is, and what to do. */
const OTHERS: readonly (readonly [string[], string, string])[] = [
  [
    ['version https://git-lfs'],
    'a git-lfs pointer, which only stands for the file',
    "Fetch the file itself: 'git lfs pull'.",
  ],
  [
    ['<!doctype', '<html', '<head', '<!--'],
    'a web page',
    'Its server wanted a login or a click: fetch the file by hand.',
  ],
  [['<?xml', '<error'], 'an XML text, as servers answer with an error', 'Fetch the file again.'],
  [['\x89hdf\r\n'], 'an HDF5 file (.h5), as Keras and TensorFlow write', BY_PYTHON],
  [['\x93numpy'], 'a NumPy array (.npy)', BY_PYTHON],
  [['gguf'], 'a GGUF file', BY_PYTHON],
  [['\x1f\x8b', '\xfd7zxz', '\x28\xb5\x2f\xfd', 'bzh', '7z\xbc\xaf', 'rar!'], 'a compressed file', 'Unpack it first.'],
];

/** Throws an InputError that says what else the file is. */
export function recognize(file: InputFile): Kind {
  if (file.bytes === 0) throw file.refuse('an empty file');
  const bytes = file.read(0, Math.min(512, file.bytes));
  const head = bytes.toString('latin1');
  const text = head.trimStart().toLowerCase();
  if (head[8] === '{' && bytes.readUInt32LE(4) === 0) return 'safetensors';
  if (head.startsWith('PK\x03\x04') || head.startsWith('PK\x05\x06')) return 'zip';
  if (bytes[0] === 0x80 || /^L\d+L?\n/.test(head)) return 'pickle';
  if (text.startsWith('{')) return 'json';
  for (const [beginnings, found, fix] of OTHERS) {
    if (beginnings.some((beginning) => text.startsWith(beginning))) throw file.refuse(found, undefined, fix);
  }
  if (head.slice(257, 262) === 'ustar') {
    const fix =
      'Unpack it first. What PyTorch before 0.1.10 wrote must be loaded and saved again by PyTorch 0.2 to 1.13.';
    throw file.refuse('a tar archive', undefined, fix);
  }
  // ir_version, then the name of the producer, the graph, or the operator sets
  if (bytes[0] === 0x08 && bytes[1]! <= 0x20 && [0x12, 0x3a, 0x42].includes(bytes[2]!)) {
    throw file.refuse('what looks like an ONNX model', undefined, 'Take the PyTorch weights that it was made from.');
  }
  if (bytes.every((byte) => byte === 0)) {
    throw file.refuse('a file that begins with zeros (a fetch that broke off?)', undefined, 'Fetch it again.');
  }
  throw file.refuse(`a file that begins with the bytes ${bytes.toString('hex', 0, 8)}`);
}
