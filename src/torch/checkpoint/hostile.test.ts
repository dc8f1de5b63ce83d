import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  bytes,
  call,
  dict,
  integer,
  legacyOf,
  list,
  name,
  type Part,
  pickle,
  storage,
  tensor,
  text,
  tuple,
  uint32,
  writeBytes,
  zipOf,
} from '../../../test/pickles.js';
import { InputError } from '../../base/index.js';
import { toFloat32Array } from '../memory.js';
import type { Tensor } from '../tensor.js';
import { scope } from '../tensor-base.js';
import { type CheckpointRecord, readCheckpoint } from './index.js';

const folder = mkdtempSync(join(tmpdir(), 'hilum-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
const fileOf = (content: Uint8Array): string => writeBytes(join(folder, `${count++}.pth`), content);

/** The message of the InputError with which a file is refused, or what else happens. */
function refusal(content: Uint8Array): string {
  const path = fileOf(content);
  try {
    scope(() => readCheckpoint(path));
  } catch (error) {
    if (!(error instanceof InputError)) return `${(error as Error).stack}`;
    expect(error.message).toContain(path);
    return error.message;
  } finally {
    rmSync(path);
  }
  return 'read';
}
const refusalOf = (...parts: Part[]): string => refusal(zipOf(pickle(...parts)));

function read<T>(content: Uint8Array, use: (root: CheckpointRecord) => T): T {
  return scope(() => use(readCheckpoint(fileOf(content)).root));
}

describe('a pickle that names what would run code is refused by that name', () => {
  const canary = join(folder, 'canary');
  const command = text(`touch ${canary}`);
  const names: [string, string][] = [
    ['os', 'system'],
    ['posix', 'system'],
    ['nt', 'system'],
    ['builtins', 'eval'],
    ['builtins', 'exec'],
    ['builtins', 'getattr'],
    ['builtins', '__import__'],
    ['builtins', 'open'],
    ['builtins', 'type'],
    ['subprocess', 'Popen'],
    ['subprocess', 'check_output'],
    ['runpy', '_run_code'],
    ['importlib', 'import_module'],
    ['operator', 'attrgetter'],
    ['functools', 'partial'],
    ['pickle', 'loads'],
    ['marshal', 'loads'],
    ['types', 'CodeType'],
    ['webbrowser', 'open'],
    ['socket', 'create_connection'],
    ['numpy', 'load'],
    ['numpy.testing._private.utils', 'runstring'],
    ['torch', 'load'],
    ['torch.serialization', 'load'],
    ['torch.storage', '_load_from_bytes'],
    ['torch.hub', 'load'],
    ['torch.jit', 'load'],
    ['torch.utils.data', 'DataLoader'],
    ['torch._utils', '_rebuild_tensor_v2.__globals__'],
    ['collections', 'OrderedDict.__init__'],
    ['constructor', 'constructor'],
    ['__proto__', 'toString'],
    ['__main__', 'Model'],
  ];

  it.each(names)('%s.%s', (module, attribute) => {
    const found = `found a pickle that names ${module}.${attribute}; expected the classes of tensors and plain values alone`;
    const stackGlobal = bytes(text(module), text(attribute), 0x93);
    for (const payload of [
      bytes(call(module, attribute, command)),
      bytes(stackGlobal, tuple(command), 'R'),
      bytes(stackGlobal, tuple(command), 0x81), // NEWOBJ
      bytes('(', stackGlobal, command, 'o'), // OBJ
      dict(text('model'), call('collections', 'OrderedDict', call(module, attribute, command))),
      bytes(call('argparse', 'Namespace'), dict(text('x'), name(module, attribute)), 'b'), // BUILD
    ]) {
      expect(refusal(zipOf(pickle(payload)))).toContain(found);
      expect(refusal(legacyOf(pickle(payload)))).toContain(found);
    }
    expect(existsSync(canary)).toBe(false);
  });

  it("Python 2's names are Python 3's", () => {
    expect(refusalOf(call('__builtin__', 'eval', command))).toContain('names builtins.eval;');
  });

  it('also as persistent id, and as class of a network', () => {
    const module = bytes(tuple(text('module'), name('os', 'system'), text('a.py'), text('code')), 'Q');
    expect(refusal(legacyOf(pickle(module)))).toContain('names os.system;');
    const listed = bytes(
      tuple(text('module'), name('torch.nn.modules.linear', 'Linear'), text('a.py'), text('code')),
      'Q',
    );
    expect(refusalOf(listed)).toContain('something outside it that is no storage');
  });

  it('control characters in a name do not reach the terminal', () => {
    expect(refusalOf(name('\x1b[2J', 'x'))).toContain('names \\u001b[2J.x;');
    expect(refusalOf(name('m'.repeat(5000), 'x')).length).toBeLessThan(700);
  });
});

describe('a pickle that is broken is refused', () => {
  const cases: [string, Part[], string][] = [
    ['nothing to return', [], 'takes more than it put down'],
    ['a tuple without MARK', ['Nt'], 'closes what it did not open'],
    ['more taken than put down', ['N', 0x86], 'takes more than it put down'],
    ['taking below a MARK', ['N(', 0x85], 'takes more than it put down'],
    ['calling a text', [text('os.system'), ')R'], 'calls str'],
    ['calling a call', [call('collections', 'OrderedDict'), ')R'], 'calls collections.OrderedDict'],
    ['calling with a list', [name('collections', 'OrderedDict'), ']R'], 'calls collections.OrderedDict with list'],
    ['named arguments', [name('collections', 'OrderedDict'), ')', dict(text('a'), 'N'), 0x92], 'with named arguments'],
    ['appending to a tuple', [')Na'], 'appends to tuple'],
    ['items of a list', [']NNs'], 'sets items of list'],
    ['a key without value', ['}(Nu'], 'a key that has no value'],
    ['the state of a dict', ['}}b'], 'sets the state of dict'],
    ['the state of a class', [name('collections', 'OrderedDict'), '}b'], 'sets the state of the name'],
    ['a reference to nothing', ['h', 7], 'refers to nothing'],
    ['a name that is no text', ['NN', 0x93], 'a name that is no text'],
    ['a text that is not UTF-8', ['X', uint32(1), 0xff], 'not UTF-8'],
    ['a text longer than the file', ['X', uint32(0xffffffff)], 'cut off'],
    ['bytes longer than any file', [0x8e, Buffer.alloc(8, 0xff)], 'cut off'],
    ['a whole number of 2 GB', [0x8b, uint32(0x7fffffff)], 'a whole number of 2147483647 bytes'],
    ['a whole number of negative length', [0x8b, uint32(0xffffffff)], 'a whole number of -1 bytes'],
    ['a number of a million digits', ['L', '9'.repeat(1_000_000), 'L\n'], 'a line that does not end'],
    ['a number that is none', ['I1e9\n'], 'a number that is none'],
    ['a line that does not end', ['c', 'a'.repeat(70_000)], 'a line that does not end'],
    ['protocol 6', [0x80, 6], 'a pickle of protocol 6'],
    ['INST', ['(ios\nsystem\n'], 'opcode 0x69'],
    ['EXT1', [0x82, 1], 'opcode 0x82'],
    ['PERSID', ['P0\n'], 'opcode 0x50'],
    ['NEXT_BUFFER', [0x97], 'opcode 0x97'],
    ['an opcode that is none', [0xff], 'opcode 0xff'],
    ['an id that is no tuple', ['NQ'], 'no storage'],
    ['an id of another kind', [tuple(text('file'), 'NNNN'), 'Q'], 'no storage'],
  ];

  it.each(cases)('%s', (_, parts, found) => {
    expect(refusalOf(...parts)).toContain(found);
    expect(refusal(legacyOf(pickle(...parts)))).toContain(found);
  });

  it.each(['zip-2.pth', 'zip-4.pth', 'legacy-2.pth', 'training-2.pth', 'expected.safetensors'])(
    '%s, cut off anywhere',
    (file) => {
      const whole = readFileSync(join(import.meta.dirname, 'fixtures', file));
      for (let length = 0; length < whole.length; length += 1 + (length % 97)) {
        expect(refusal(whole.subarray(0, length)), String(length)).toMatch(/found .*; expected /);
      }
    },
  );

  it.each([
    ['a list', list(), 'list'],
    ['nothing', 'N', 'None'],
    ['a number', 'K\x01', 'int'],
    ['a tensor', tensor('K\0', tuple('K\x01'), tuple('K\x01')), 'torch._utils._rebuild_tensor_v2'],
    ['a class', name('collections', 'OrderedDict'), 'the name collections.OrderedDict'],
  ])('with %s in place of a dict', (_, part, type) => {
    expect(refusalOf(part)).toContain(`found a checkpoint that is ${type}; expected a dict of tensors`);
  });
});

describe('a pickle that would take much time or memory is refused at once', () => {
  const repeated = (part: Part, times: number) => Buffer.alloc(bytes(part).length * times, bytes(part));
  /** LONG_BINPUT of 0, 1, 2, ... */
  const puts = (times: number) => {
    const parts = Buffer.alloc(5 * times, 'r');
    for (let i = 0; i < times; i++) parts.writeUInt32LE(i, 5 * i + 1);
    return parts;
  };
  const cases: [string, () => Part[], string][] = [
    [
      'lists that double sixty times',
      () => [']q\0', ...Array.from({ length: 60 }, () => list('h\0h\0').subarray(0)).flatMap((part) => [part, 'q\0'])],
      'more than 4000000 values',
    ],
    ['lists two hundred thousand deep', () => [repeated(']', 200_000), repeated('a', 199_999)], 'deep'],
    [
      'calls two hundred thousand deep',
      () => [
        name('torch._utils', '_rebuild_parameter'),
        'q\0',
        repeated('h\0', 200_000),
        'N',
        repeated('\x85R', 200_001),
      ],
      'deep',
    ],
    ['many dicts', () => [repeated('}', 2_100_000)], 'more than 2000000 objects'],
    ['much remembered', () => ['N', puts(2_100_000)], 'remembers more than'],
    ['many marks', () => [Buffer.alloc(17_000_000, '(')], 'more than 16000000 operations'],
    [
      'one long list in many sets',
      () => [
        list(repeated('K\0', 100_000)),
        'q\0',
        name('builtins', 'set'),
        'q\x01',
        '](',
        repeated('h\x01h\0\x85R', 20_000),
        'e',
      ],
      'more than 4000000 values',
    ],
    [
      'one long list of pairs in many dicts',
      () => [
        list(repeated(tuple('K\0K\0'), 50_000)),
        'q\0',
        name('collections', 'OrderedDict'),
        'q\x01',
        '](',
        repeated('h\x01h\0\x85R', 20_000),
        'e',
      ],
      'more than 4000000 values',
    ],
    [
      'pairs that are none',
      () => [call('collections', 'OrderedDict', list(repeated(']', 1000)))],
      'something else than pairs',
    ],
    [
      'one long text, decoded many times',
      () => [
        text('x'.repeat(1_000_000)),
        'q\0',
        text('latin1'),
        'q\x01',
        name('_codecs', 'encode'),
        'q\x02',
        call('numpy', 'dtype', text('u1')),
        'q\x03',
        name('numpy.core.multiarray', 'scalar'),
        'q\x04',
        list(repeated('h\x04h\x03h\x02h\0h\x01\x86R\x86R', 100_000)),
      ],
      'far beyond the size of the file',
    ],
    [
      'many tensors',
      () => [
        storage(),
        'q\0',
        name('torch._utils', '_rebuild_tensor'),
        'q\x01',
        ')q\x02',
        list(repeated('h\x01(h\0K\0h\x02h\x02tR', 110_000)),
      ],
      'more than 100000 tensors',
    ],
    [
      'small storages, repeated in large tensors',
      () => [list(...Array.from({ length: 40 }, () => tensor('K\0', tuple(integer(2 ** 22)), tuple('K\0'))))],
      'far beyond the size of the file',
    ],
    [
      'networks that share a long table',
      () => {
        const table = bytes(dict(repeated(bytes(text('a'), 'N'), 50_000)), 'q\0');
        const state = dict(text('_parameters'), 'h\0', text('_buffers'), 'h\0', text('_modules'), '}');
        const child = bytes(name('torch.nn.modules.linear', 'Linear'), ')', 0x81, state, 'b');
        const children = dict(...Array.from({ length: 2000 }, (_, i) => [text(`${i}`), child]).flat());
        const parent = dict(text('_parameters'), '}', text('_buffers'), '}', text('_modules'), children);
        return [table, '0', name('torch.nn.modules.container', 'Sequential'), ')', 0x81, parent, 'b'];
      },
      'more than 4000000 values',
    ],
    [
      'a network that contains itself',
      () => {
        const state = dict(
          text('_parameters'),
          '}',
          text('_buffers'),
          '}',
          text('_modules'),
          dict(text('again'), 'h\0'),
        );
        return [name('torch.nn.modules.container', 'Sequential'), ')', 0x81, 'q\0', state, 'b'];
      },
      "a network that contains itself, at 'again.'",
    ],
  ];

  it.each(cases)('%s', (_, make, found) => {
    const content = zipOf(pickle(...make()));
    const start = performance.now();
    expect(refusal(content)).toContain(found);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('a place far away in the memo costs nothing', () => {
    expect(
      read(zipOf(pickle(dict(text('a'), 'K\x05r\xff\xff\xff\xff', text('b'), 'j\xff\xff\xff\xff'))), (root) => ({
        ...root,
      })),
    ).toEqual({ a: 5, b: 5 });
  });
});

describe('a tensor that leaves its storage is refused', () => {
  const numbers = (...values: (number | bigint)[]) => tuple(...values.map(integer));
  const refusalOfTensor = (...parts: Parameters<typeof tensor>) => refusalOf(dict(text('x'), tensor(...parts)));
  const cases: [string, Parameters<typeof tensor>, string][] = [
    [
      'by its size',
      [integer(0), numbers(5), numbers(1)],
      'a tensor of shape [5] and strides [1] from element 0 on in a storage of 4',
    ],
    ['by its offset', [integer(4), numbers(1), numbers(1)], 'from element 4 on in a storage of 4'],
    ['by its strides', [integer(0), numbers(2, 2), numbers(3, 1)], 'strides [3,1] from element 0 on in a storage of 4'],
    ['by a size beyond counting', [integer(0), numbers(2n ** 40n, 2n ** 40n), numbers(0, 0)], 'a tensor of shape'],
    [
      'by a size beyond counting beside none',
      [integer(0), numbers(0, 2n ** 52n, 2n ** 52n), numbers(0, 0, 0)],
      'a tensor of shape',
    ],
    ['by a stride beyond counting', [integer(0), numbers(2), numbers(2n ** 53n - 1n)], 'in a storage of 4'],
    ['by a negative offset', [integer(-1), numbers(1), numbers(1)], 'a tensor made by torch._utils._rebuild_tensor_v2'],
    ['by a negative stride', [integer(3), numbers(2), numbers(-1)], 'a tensor made by torch._utils._rebuild_tensor_v2'],
    ['by a negative size', [integer(0), numbers(-1), numbers(1)], 'a tensor made by torch._utils._rebuild_tensor_v2'],
    [
      'by a size that is a text',
      [integer(0), tuple(text('1')), numbers(1)],
      'a tensor made by torch._utils._rebuild_tensor_v2',
    ],
    [
      'by half an offset',
      [bytes('G', 0x3f, 0xe0, 0, 0, 0, 0, 0, 0), numbers(1), numbers(1)],
      'of (storage, float, tuple, tuple',
    ],
    ['with fewer strides', [integer(0), numbers(2, 2), numbers(1)], 'a tensor of shape [2,2] and strides [1]'],
    [
      'with 65 dimensions',
      [integer(0), numbers(...Array(65).fill(1)), numbers(...Array(65).fill(1))],
      'a tensor of shape',
    ],
    ['with a storage that the file has not', [integer(0), numbers(1), numbers(1), storage('1')], "no storage '1'"],
    [
      'with a storage outside',
      [integer(0), numbers(1), numbers(1), storage('../data.pkl')],
      "no storage '../data.pkl'",
    ],
    [
      'with a storage longer than its bytes',
      [integer(0), numbers(1), numbers(1), storage('0', 5)],
      "storage '0' shorter than the 5 elements",
    ],
    [
      'with a storage of longer elements',
      [integer(0), numbers(1), numbers(1), storage('0', 4, 'DoubleStorage')],
      "storage '0' shorter",
    ],
    ['without a storage', [integer(0), numbers(1), numbers(1), 'N'], 'of (None, int, tuple, tuple'],
  ];

  it.each(cases)('%s', (_, parts, found) => expect(refusalOfTensor(...parts)).toContain(found));

  it('in the older format too', () => {
    const content = pickle(dict(text('x'), tensor(integer(0), numbers(4), numbers(1))));
    const keys = pickle(list(text('0')));
    const stored = (elements: number, length = 16) =>
      Buffer.concat([Buffer.from(BigUint64Array.of(BigInt(elements)).buffer), Buffer.alloc(length)]);
    expect(read(legacyOf(content, keys, stored(4)), ({ x }) => [...toFloat32Array(x as Tensor)])).toEqual([0, 0, 0, 0]);
    expect(refusal(legacyOf(content, keys, stored(3)))).toContain("storage '0' shorter than the 4 elements");
    expect(refusal(legacyOf(content, keys, stored(4, 15)))).toContain(
      "storage '0' that ends after the end of the file",
    );
    expect(refusal(legacyOf(content, keys, stored(2 ** 52)))).toContain(
      "storage '0' that ends after the end of the file",
    );
    expect(refusal(legacyOf(content))).toContain("no storage '0'");
    expect(refusal(legacyOf(content, pickle(list(text('0'), text('0'))), stored(4)))).toContain(
      'storages that no tensor lies in',
    );
    expect(refusal(legacyOf(content, pickle(list(text('7'))), stored(4)))).toContain('storages that no tensor lies in');
    const view = (first: number, length: number) =>
      bytes(
        tuple(
          text('storage'),
          name('torch', 'FloatStorage'),
          text('0'),
          text('cpu'),
          integer(4),
          tuple(text('1'), integer(first), integer(length)),
        ),
        'Q',
      );
    const viewed = (first: number, length: number) =>
      pickle(dict(text('x'), tensor(integer(0), numbers(2), numbers(1), view(first, length))));
    expect(refusal(legacyOf(viewed(3, 2), keys, stored(4)))).toContain("a view of storage '0' that leaves it");
    expect(refusal(legacyOf(viewed(2, 1), keys, stored(4)))).toContain('in a storage of 1');
    expect(read(legacyOf(viewed(2, 2), keys, stored(4)), ({ x }) => (x as Tensor).size(0))).toBe(2);
  });

  it('and so is an array of NumPy', () => {
    const array = (shape: Part, content: string) =>
      bytes(
        call('numpy.core.multiarray', '_reconstruct', name('numpy', 'ndarray'), tuple('K\0'), 'N'),
        tuple('K\x01', shape, call('numpy', 'dtype', text('f4')), 0x89, bytes('U', content.length, content)),
        'b',
      );
    expect(refusalOf(dict(text('x'), array(numbers(2), 'aaaa')))).toContain('a NumPy array of shape [2] with 4 bytes');
    expect(refusalOf(dict(text('x'), array(numbers(2n ** 52n, 2n ** 52n), 'aaaa')))).toContain(
      'a NumPy array of shape',
    );
    expect(refusalOf(dict(text('x'), array(numbers(-1), 'aaaa')))).toContain('whose shape is none');
    expect(read(zipOf(pickle(dict(text('x'), array(numbers(1), '\0\0\x80?')))), ({ x }) => (x as Tensor).item())).toBe(
      1,
    );
  });
});
