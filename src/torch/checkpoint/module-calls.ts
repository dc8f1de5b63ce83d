/** Whole networks that were pickled: their parameters and buffers, under the names that `state_dict()` gives them. */
import { type CheckpointRecord, emptyRecord, Inert } from './checkpoint.js';
import { Call, Dict, type Python } from './python.js';
import { itemsOf, type Meaning, type ValueReader } from './values.js';

/** Classes by their Python module. What they compute is not needed: only where they keep their tensors. */
const CLASSES: Record<string, readonly string[]> = {
  'torch.nn.modules.activation': [
    'GELU',
    'Hardswish',
    'LeakyReLU',
    'ReLU',
    'ReLU6',
    'SiLU',
    'Sigmoid',
    'Softmax',
    'Tanh',
  ],
  'torch.nn.modules.batchnorm': ['BatchNorm1d', 'BatchNorm2d', 'SyncBatchNorm'],
  'torch.nn.modules.container': ['ModuleDict', 'ModuleList', 'ParameterDict', 'ParameterList', 'Sequential'],
  'torch.nn.modules.conv': ['Conv1d', 'Conv2d', 'ConvTranspose2d'],
  'torch.nn.modules.dropout': ['Dropout', 'Dropout2d'],
  'torch.nn.modules.flatten': ['Flatten'],
  'torch.nn.modules.linear': ['Identity', 'Linear'],
  'torch.nn.modules.loss': ['BCELoss', 'BCEWithLogitsLoss', 'CrossEntropyLoss'],
  'torch.nn.modules.normalization': ['GroupNorm', 'LayerNorm'],
  'torch.nn.modules.padding': ['ZeroPad2d'],
  'torch.nn.modules.pooling': ['AdaptiveAvgPool2d', 'AdaptiveMaxPool2d', 'AvgPool2d', 'MaxPool2d'],
  'torch.nn.modules.upsampling': ['Upsample'],
  'torch.nn.parallel.data_parallel': ['DataParallel'],
  'torch.nn.parallel.distributed': ['DistributedDataParallel'],
  'torchvision.models.densenet': ['DenseNet', '_DenseBlock', '_DenseLayer', '_Transition'],
  'torchvision.models.resnet': ['BasicBlock', 'Bottleneck', 'ResNet'],
  'torchxrayvision.models': ['DenseNet', 'ResNet', '_DenseBlock', '_DenseLayer', '_Transition'],
};
const DEPTH_LIMIT = 100;

const stateDict: Meaning = (call, reader) => {
  const record = emptyRecord();
  flatten(call, '', record, reader, new Set());
  return record;
};

/** As torch/nn/modules/module.py, `_save_to_state_dict`: parameters, then buffers that persist, then the children. */
function flatten(call: Call, prefix: string, record: CheckpointRecord, reader: ValueReader, above: Set<Call>): void {
  if (above.has(call) || above.size > DEPTH_LIMIT)
    throw reader.refuse(`a network that contains itself, at '${prefix}'`);
  const fields = reader.fieldsOf(call);
  const transient = new Set(itemsOf(fields.get('_non_persistent_buffers_set')));
  reader.spend(transient.size);
  for (const kind of ['_parameters', '_buffers']) {
    for (const [name, node] of tableOf(fields.get(kind), call, kind, reader)) {
      if (node === null || (kind === '_buffers' && transient.has(name))) continue;
      record[prefix + name] = reader.value(node);
    }
  }
  above.add(call);
  for (const [name, child] of tableOf(fields.get('_modules'), call, '_modules', reader)) {
    if (child === null) continue;
    if (!(child instanceof Call)) throw reader.refuse(`a network whose part '${prefix}${name}' is none`);
    reader.spend(1);
    if (NAMES.has(child.of.name)) flatten(child, `${prefix}${name}.`, record, reader, above);
    else record[prefix + name] = new Inert(child.of.name, 'no part of a network');
  }
  above.delete(call);
}

function tableOf(node: Python | undefined, call: Call, field: string, reader: ValueReader): Map<string, Python> {
  if (node instanceof Dict || node instanceof Call) return reader.fields(node);
  throw reader.refuse(`a pickled ${call.of.name} without ${field}`);
}

const NAMES = new Set(Object.entries(CLASSES).flatMap(([module, names]) => names.map((name) => `${module}.${name}`)));

export const MODULE_CALLS: readonly (readonly [string, Meaning | undefined])[] = [
  ...[...NAMES].map((name): [string, Meaning] => [name, stateDict]),
  ['torch.nn.backends.thnn._get_thnn_function_backend', undefined], // a field of every network before PyTorch 1.2
];
