/** The functions by which PyTorch saves tensors (torch/_utils.py, torch/_tensor.py), as they have been since 0.2. */
import type { CheckpointValue } from './checkpoint.js';
import { Inert } from './checkpoint.js';
import { ELEMENT_TYPES, type ElementType } from './element-types.js';
import { Call, Global, isCount, isStorage, isTuple, type Python, typeName } from './python.js';
import type { Meaning, ValueReader } from './values.js';

/** `_rebuild_tensor(storage, offset, size, stride)`, `_rebuild_tensor_v2(..., requires_grad, hooks)`. */
const rebuildTensor: Meaning = ({ of, args }, reader) => {
  const [storage] = args;
  return tensorOf(of, args, isStorage(storage) ? storage.type : undefined, reader);
};

/** `_rebuild_tensor_v3(storage, offset, size, stride, requires_grad, hooks, dtype)`: bytes, read as the type. */
const rebuildTyped: Meaning = ({ of, args }, reader) => {
  const dtype = args[6];
  const type = dtype instanceof Global ? ELEMENT_TYPES.get(dtype.name.replace('torch.', '')) : undefined;
  return tensorOf(of, args, type, reader);
};

function tensorOf(
  of: Global,
  args: readonly Python[],
  type: ElementType | undefined,
  reader: ValueReader,
): CheckpointValue {
  const [storage, offset, sizeArgument, strideArgument] = args;
  const size = counts(sizeArgument);
  const stride = counts(strideArgument);
  if (!isStorage(storage) || !type || !isCount(offset) || !size || !stride) {
    throw reader.refuse(`a tensor made by ${of.name} of (${args.slice(0, 8).map(typeName).join(', ')})`);
  }
  if (!type.dtype) return new Inert(`torch.${type.name}`, 'a tensor of a type that hilum does not have');
  return reader.counted(reader.storages.tensor(storage, type.dtype, { offset, size, stride }));
}

/** A tuple, or torch.Size of one, of counts. */
function counts(value: Python | undefined): readonly number[] | undefined {
  const items = value instanceof Call && value.of.name === 'torch.Size' ? value.args[0] : value;
  return isTuple(items) && items.every(isCount) ? (items as readonly number[]) : undefined;
}

const firstArgument: Meaning = ({ of, args }, reader) => {
  if (args.length === 0) throw reader.refuse(`a call of ${of.name} without an argument`);
  return reader.value(args[0]!);
};

/** `_rebuild_from_type_v2(function, class, arguments, state)`: a tensor with attributes of its own. */
const rebuildFromType: Meaning = ({ of, args: [callee, , args] }, reader) => {
  if (!(callee instanceof Global) || !isTuple(args))
    throw reader.refuse(`a tensor made by ${of.name} of something else`);
  if (callee.name === of.name) throw reader.refuse(`a tensor made by ${of.name} of itself`);
  return reader.call(new Call(callee, args));
};

const notRead =
  (what: string): Meaning =>
  ({ of }) =>
    new Inert(of.name, what);

export const TENSOR_CALLS: readonly (readonly [string, Meaning])[] = [
  ['torch._utils._rebuild_tensor', rebuildTensor],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_tensor_v3', rebuildTyped],
  ['torch._utils._rebuild_parameter', firstArgument],
  ['torch._utils._rebuild_parameter_with_state', firstArgument],
  ['torch.nn.parameter.Parameter', firstArgument],
  ['torch._tensor._rebuild_from_type_v2', rebuildFromType],
  ['torch._utils._rebuild_qtensor', notRead('a quantized tensor')],
  ['torch._utils._rebuild_sparse_tensor', notRead('a sparse tensor')],
  ['torch._utils._rebuild_sparse_csr_tensor', notRead('a sparse tensor')],
  ['torch._utils._rebuild_nested_tensor', notRead('a nested tensor')],
  ['torch._utils._rebuild_meta_tensor_no_storage', notRead('a tensor without values')],
  [
    'torch._utils._rebuild_wrapper_subclass',
    notRead("a tensor of another class, as one process's part of a split one"),
  ],
  ['torch._utils._rebuild_device_tensor_from_numpy', notRead('a tensor of another kind of device')],
  ['torch._utils._rebuild_device_tensor_from_cpu_tensor', firstArgument],
];
