import { replaceFile } from '../../base/index.js';
import type { Tensor } from '../tensor.js';
import type { DType } from '../tensor-base.js';
import { PickleWriter } from './pickle-writer.js';
import { type StoredTensor, storedTensors, type WriteOptions } from './stored.js';
import { type ZipRecord, zipArchive } from './zip-writer.js';

const STORAGES: Record<DType, string> = {
  float64: 'DoubleStorage',
  float32: 'FloatStorage',
  float16: 'HalfStorage',
  bfloat16: 'BFloat16Storage',
  int64: 'LongStorage',
  int32: 'IntStorage',
  int16: 'ShortStorage',
  uint8: 'ByteStorage',
  bool: 'BoolStorage',
};
/** The folder that everything in the archive lies in; its name does not count. */
const FOLDER = 'archive';

export interface PytorchOptions extends WriteOptions {
  /** What the state dict is called inside a checkpoint: `{key: {...}}`; the file is the state dict itself unless given. */
  key?: string;
}

/**
 * Writes a state dict as `torch.save` does (PyTorch 1.6 and later), atomically: `torch.load` reads it, with and without
 * `weights_only`. The same tensors give the same file. Source: torch/serialization.py, _save; torch/_utils.py,
 * _rebuild_tensor_v2.
 */
export function writePytorch(path: string, tensors: Record<string, Tensor>, options: PytorchOptions = {}): void {
  const { key, ...rest } = options;
  const stored = storedTensors(tensors, rest);
  replaceFile(path, () => zipArchive(records(stored, key)));
}

function* records(tensors: readonly StoredTensor[], key: string | undefined): Generator<ZipRecord> {
  const text = (name: string, content: string): ZipRecord => ({
    name: `${FOLDER}/${name}`,
    content: () => Buffer.from(content),
  });
  yield { name: `${FOLDER}/data.pkl`, content: () => pickled(tensors, key) };
  yield text('byteorder', 'little');
  for (const [i, { bytes }] of tensors.entries()) yield { name: `${FOLDER}/data/${i}`, content: bytes };
  yield text('version', '3\n');
}

/** A dict of tensors, itself under `key` in another dict where there is one. Values stand in the archive's records `data/0`, `data/1`, ... */
function pickled(tensors: readonly StoredTensor[], key: string | undefined): Buffer {
  const pickle = new PickleWriter();
  if (key !== undefined) pickle.op('}').text(key);
  pickle.op('}(');
  for (const [i, { name, dtype, shape }] of tensors.entries()) {
    pickle.text(name).global('torch._utils', '_rebuild_tensor_v2').op('(');
    const elements = shape.reduce((product, size) => product * size, 1);
    pickle.op('(').text('storage').global('torch', STORAGES[dtype]).text(String(i)).text('cpu').natural(elements);
    pickle.op('tQ').natural(0).naturals(shape).naturals(strides(shape));
    pickle.op('\x89').global('collections', 'OrderedDict').op(')RtR');
  }
  return pickle.op(key === undefined ? 'u' : 'us').bytes();
}

/** In elements, of a tensor whose last dimension lies together. */
function strides(shape: readonly number[]): number[] {
  const result: number[] = [];
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    result.unshift(step);
    step *= Math.max(1, shape[i]!);
  }
  return result;
}
