/**
 * The classes and functions that a checkpoint may name, and what hilum takes a call of them for. None is ever run; all
 * others are refused by their name.
 */
import type { CheckpointValue } from './checkpoint.js';
import { ELEMENT_TYPES, STORAGE_TYPES } from './element-types.js';
import { MODULE_CALLS } from './module-calls.js';
import { NUMPY_CALLS } from './numpy-calls.js';
import { Call, Global } from './python.js';
import { TENSOR_CALLS } from './tensor-calls.js';
import { itemsOf, type Meaning } from './values.js';

/** Dict and its subclasses. */
const dict: Meaning = (call, reader) => reader.record(reader.entries(call), call.of.name);

/** `defaultdict(factory)` and what is set in it. */
const defaultdict: Meaning = (call, reader) => reader.record(call.entries, call.of.name);

const list: Meaning = ({ args }, reader) => itemsOf(args[0]).map((item) => reader.value(item));

/** An object as a record of its attributes; a subclass of dict with its items too. */
const attributes: Meaning = (call, reader) => {
  const own = [...reader.fieldsOf(call)].flat();
  return reader.record([...own, ...reader.entries(call)], call.of.name);
};

/** `copyreg._reconstructor(class, base, content)` with a state, as protocols before 2 write `class()`. */
const reconstructor: Meaning = ({ of, args: [type, , content], state }, reader) => {
  if (!(type instanceof Global) || type.name === of.name) throw reader.refuse(`${of.name} of no class`);
  const call = new Call(type, content ? [content] : []);
  call.state = state;
  return reader.call(call);
};

/** `torch.device('cuda', 0)` is 'cuda:0', `PosixPath('a', 'b')` is 'a/b'. */
const joined =
  (separator: string): Meaning =>
  ({ args }) =>
    args.map(String).join(separator).replaceAll('//', '/');

/** omegaconf's containers keep their values in a field, and know their parents, which would make a circle. */
const field =
  (name: string): Meaning =>
  (call, reader): CheckpointValue =>
    reader.value(reader.fieldsOf(call).get(name) ?? null);

const named = (names: readonly string[]): [string, undefined][] => names.map((name) => [name, undefined]);
const each = (meaning: Meaning, names: readonly string[]): [string, Meaning][] => names.map((name) => [name, meaning]);

/** By full name, modules as Python 3 has them. Those without a meaning may be named; a call of them is inert. */
export const GLOBALS: ReadonlyMap<string, Meaning | undefined> = new Map([
  ...TENSOR_CALLS,
  ...MODULE_CALLS,
  ...NUMPY_CALLS,
  ...named([...STORAGE_TYPES.keys()]),
  ...named([...ELEMENT_TYPES.keys()].map((name) => `torch.${name}`)),
  ...named(['torch.Tensor', 'torch.serialization._get_layout', 'torch.per_tensor_affine', 'torch.per_channel_affine']),
  ...each(list, ['torch.Size', 'builtins.set', 'builtins.frozenset', 'builtins.list', 'builtins.tuple']),
  ...each(joined(':'), ['torch.device', 'torch.torch_version.TorchVersion']),
  ...each(joined('/'), ['pathlib.PosixPath', 'pathlib.PurePosixPath', 'pathlib.WindowsPath']),
  ...each(joined('/'), ['pathlib._local.PosixPath', 'pathlib._local.WindowsPath']), // Python 3.13
  ...each(dict, ['collections.OrderedDict', 'collections.Counter', 'builtins.dict']),
  ...each(defaultdict, ['collections.defaultdict']),
  ...each(attributes, ['argparse.Namespace', 'types.SimpleNamespace', 'easydict.EasyDict']),
  ...each(attributes, ['pytorch_lightning.utilities.parsing.AttributeDict']),
  ...each(attributes, [
    'lightning.pytorch.utilities.parsing.AttributeDict',
    'lightning_fabric.utilities.data.AttributeDict',
  ]),
  ...each(reconstructor, ['copyreg._reconstructor']),
  ...named(['builtins.object', 'builtins.int', 'builtins.float', 'builtins.str', 'builtins.bool', 'builtins.bytes']),
  ...named([
    'builtins.bytearray',
    'builtins.complex',
    'builtins.slice',
    'builtins.range',
    '_codecs.encode',
    'typing.Any',
  ]),
  // Keys of what Lightning keeps of its callbacks, before 1.5.
  ...named(['ModelCheckpoint', 'EarlyStopping'].map((name) => `pytorch_lightning.callbacks.${snake(name)}.${name}`)),
  ...each(field('_content'), ['omegaconf.dictconfig.DictConfig', 'omegaconf.listconfig.ListConfig']),
  ...each(
    field('_val'),
    ['Any', 'Boolean', 'Bytes', 'Enum', 'Float', 'Integer', 'Path', 'String'].map(
      (kind) => `omegaconf.nodes.${kind}Node`,
    ),
  ),
  ...named(['omegaconf.base.ContainerMetadata', 'omegaconf.base.Metadata']),
  // One process's part of a network that FSDP has split: DINOv2's model_*.rank_0.pth.
  ...named(
    [
      'sharded_tensor.api.ShardedTensor',
      'sharded_tensor.metadata.MEM_FORMAT_ENCODING',
      'sharded_tensor.metadata.ShardedTensorMetadata',
      'sharded_tensor.metadata.TensorProperties',
      'sharded_tensor.shard.Shard',
      'sharding_spec.api.EnumerableShardingSpec',
      'sharding_spec.chunk_sharding_spec.ChunkShardingSpec',
      'metadata.ShardMetadata',
    ].map((name) => `torch.distributed._shard.${name}`),
  ),
  ...named(['torch.distributed.remote_device._remote_device']),
]);

function snake(name: string): string {
  return name.replace(/(?<=.)[A-Z]/g, '_$&').toLowerCase();
}
