/**
 * Python's pickle format, protocols 1 to 5 (Lib/pickletools.py of CPython describes every opcode), read by a machine
 * that runs nothing: a class or function is a name, which must be on the caller's list, and a call of it is kept as a
 * call. Bounds on the number of objects and operations hold memory and time of a hostile file down.
 */
import type { ByteSource } from './byte-source.js';
import type { Refuse } from './checkpoint.js';
import { Call, Dict, Global, isTuple, List, type Python, plainInteger, typeName } from './python.js';

export interface PickleReader {
  /** Whether a class or function, e.g. 'collections.OrderedDict', may be named. Python 2's names come as Python 3's. */
  isListed(name: string): boolean;
  /** What stands for an object that is kept outside the pickle. */
  persistent(id: Python): Python;
  refuse: Refuse;
}

/** Objects (containers, calls, strings, numbers of the memo), and opcodes, that one pickle may have. */
const OBJECT_LIMIT = 2_000_000;
const OPERATION_LIMIT = 16_000_000;
/** Bytes of a whole number. PyTorch's magic number has 10. */
const INTEGER_LIMIT = 1024;

const PYTHON_2_MODULES: ReadonlyMap<string, string> = new Map([
  ['__builtin__', 'builtins'],
  ['copy_reg', 'copyreg'],
]);

/** Reads one pickle up to its STOP. Throws an InputError for whatever is broken, not listed or over the bounds. */
export function unpickle(source: ByteSource, reader: PickleReader): Python {
  return new Machine(source, reader).run();
}

class Machine {
  private readonly stack: Python[] = [];
  /** The stack's height at each MARK. */
  private readonly marks: number[] = [];
  private floor = 0;
  private readonly memo = new Map<number, Python>();
  private readonly globals = new Map<string, Global>();
  private objects = 0;

  constructor(
    private readonly source: ByteSource,
    private readonly reader: PickleReader,
  ) {}

  run(): Python {
    for (let operations = 0; operations < OPERATION_LIMIT; operations++) {
      const opcode = this.source.byte();
      if (opcode === 0x2e) return this.pop(); // STOP
      if (!this.constant(opcode) && !this.structure(opcode)) {
        throw this.refuse(`a pickle with opcode 0x${opcode.toString(16).padStart(2, '0')}`);
      }
    }
    throw this.refuse(`a pickle of more than ${OPERATION_LIMIT} operations`);
  }

  /** Opcodes that push a value which they carry themselves. False where `opcode` is another one. */
  private constant(opcode: number): boolean {
    const { source, stack } = this;
    switch (opcode) {
      case 0x4e: // NONE
        return stack.push(null) > 0;
      case 0x88: // NEWTRUE
        return stack.push(true) > 0;
      case 0x89: // NEWFALSE
        return stack.push(false) > 0;
      case 0x4b: // BININT1
        return stack.push(source.byte()) > 0;
      case 0x4d: // BININT2
        return stack.push(source.bytes(2).readUInt16LE()) > 0;
      case 0x4a: // BININT
        return stack.push(source.bytes(4).readInt32LE()) > 0;
      case 0x47: // BINFLOAT
        return stack.push(source.bytes(8).readDoubleBE()) > 0;
      case 0x8a: // LONG1
        return this.push(this.integer(source.byte()));
      case 0x8b: // LONG4
        return this.push(this.integer(source.bytes(4).readInt32LE()));
      case 0x49: // INT
      case 0x4c: // LONG
        return this.push(this.decimal(source.line()));
      case 0x8c: // SHORT_BINUNICODE
        return this.push(this.text(source.byte()));
      case 0x58: // BINUNICODE
        return this.push(this.text(this.length4()));
      case 0x8d: // BINUNICODE8
        return this.push(this.text(this.length8()));
      case 0x55: // SHORT_BINSTRING
        return this.push(this.textOfPython2(source.byte()));
      case 0x54: // BINSTRING
        return this.push(this.textOfPython2(this.length4()));
      case 0x43: // SHORT_BINBYTES
        return this.push(this.bytes(source.byte()));
      case 0x42: // BINBYTES
        return this.push(this.bytes(this.length4()));
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        return this.push(this.bytes(this.length8()));
      default:
        return false;
    }
  }

  /** Opcodes that work on the stack, the memo and names. False where `opcode` is another one. */
  private structure(opcode: number): boolean {
    const { source } = this;
    switch (opcode) {
      case 0x80: // PROTO
        return this.protocol(source.byte());
      case 0x95: // FRAME: how much to read ahead, which the source decides
        return source.bytes(8).length > 0;
      case 0x28: // MARK
        this.floor = this.stack.length;
        return this.marks.push(this.floor) > 0;
      case 0x30: // POP
        return this.popOne();
      case 0x31: // POP_MARK
        return this.sinceMark() !== undefined;
      case 0x32: // DUP
        return this.stack.push(this.top()) > 0;
      case 0x29: // EMPTY_TUPLE
        return this.push([]);
      case 0x85: // TUPLE1, TUPLE2, TUPLE3
      case 0x86:
      case 0x87:
        return this.push(this.popMany(opcode - 0x84));
      case 0x74: // TUPLE
      case 0x91: // FROZENSET
        return this.push(this.sinceMark());
      case 0x5d: // EMPTY_LIST
      case 0x8f: // EMPTY_SET
        return this.push(new List());
      case 0x6c: // LIST
        return this.push(this.append(new List(), this.sinceMark()));
      case 0x61: // APPEND
        return this.onTop(this.popMany(1), (target, values) => this.append(target, values));
      case 0x65: // APPENDS
      case 0x90: // ADDITEMS
        return this.onTop(this.sinceMark(), (target, values) => this.append(target, values));
      case 0x7d: // EMPTY_DICT
        return this.push(new Dict());
      case 0x64: // DICT
        return this.push(this.set(new Dict(), this.sinceMark()));
      case 0x73: // SETITEM
        return this.onTop(this.popMany(2), (target, values) => this.set(target, values));
      case 0x75: // SETITEMS
        return this.onTop(this.sinceMark(), (target, values) => this.set(target, values));
      case 0x71: // BINPUT
        return this.put(source.byte());
      case 0x72: // LONG_BINPUT
        return this.put(source.bytes(4).readUInt32LE());
      case 0x94: // MEMOIZE
        return this.put(this.memo.size);
      case 0x68: // BINGET
        return this.get(source.byte());
      case 0x6a: // LONG_BINGET
        return this.get(source.bytes(4).readUInt32LE());
      case 0x63: // GLOBAL
        return this.push(this.global(source.line(), source.line()));
      case 0x93: // STACK_GLOBAL
        return this.stackGlobal();
      case 0x52: // REDUCE
      case 0x81: // NEWOBJ
        return this.call(this.popMany(2));
      case 0x92: // NEWOBJ_EX
        return this.callByName(this.popMany(3));
      case 0x6f: // OBJ
        return this.callList(this.sinceMark());
      case 0x62: // BUILD
        return this.build(this.pop());
      case 0x51: // BINPERSID
        return this.push(this.reader.persistent(this.pop()));
      default:
        return false;
    }
  }

  private refuse(found: string, expected?: string): Error {
    return this.reader.refuse(found, expected);
  }

  private push(value: Python): true {
    if (++this.objects > OBJECT_LIMIT) throw this.refuse(`a pickle of more than ${OBJECT_LIMIT} objects`);
    this.stack.push(value);
    return true;
  }

  private top(): Python {
    if (this.stack.length <= this.floor) throw this.refuse('a pickle that takes more than it put down');
    return this.stack[this.stack.length - 1]!;
  }

  private pop(): Python {
    this.top();
    return this.stack.pop()!;
  }

  private popMany(count: number): Python[] {
    if (this.stack.length - count < this.floor) throw this.refuse('a pickle that takes more than it put down');
    return this.stack.splice(this.stack.length - count, count);
  }

  /** POP takes a MARK where one is on top. */
  private popOne(): true {
    if (this.stack.length === this.floor && this.marks.length > 0) this.sinceMark();
    else this.pop();
    return true;
  }

  private sinceMark(): Python[] {
    const mark = this.marks.pop();
    if (mark === undefined) throw this.refuse('a pickle that closes what it did not open');
    this.floor = this.marks.at(-1) ?? 0;
    return this.stack.splice(mark);
  }

  private onTop(values: Python[], change: (target: Python, values: Python[]) => Python): true {
    change(this.top(), values);
    return true;
  }

  private append(target: Python, values: Python[]): Python {
    if (!(target instanceof List)) throw this.refuse(`a pickle that appends to ${typeName(target)}`);
    for (const value of values) target.items.push(value);
    return target;
  }

  private set(target: Python, values: Python[]): Python {
    if (!(target instanceof Dict || target instanceof Call)) {
      throw this.refuse(`a pickle that sets items of ${typeName(target)}`);
    }
    if (values.length % 2 !== 0) throw this.refuse('a pickle with a key that has no value');
    for (const value of values) target.entries.push(value);
    return target;
  }

  private put(index: number): true {
    if (this.memo.size >= OBJECT_LIMIT) throw this.refuse(`a pickle that remembers more than ${OBJECT_LIMIT} objects`);
    this.memo.set(index, this.top());
    return true;
  }

  private get(index: number): true {
    const value = this.memo.get(index);
    if (value === undefined) throw this.refuse('a pickle that refers to nothing');
    this.stack.push(value);
    return true;
  }

  private global(module: string, name: string): Global {
    const full = `${PYTHON_2_MODULES.get(module) ?? module}.${name}`;
    let known = this.globals.get(full);
    if (!known) {
      if (!this.reader.isListed(full)) throw this.unlisted(full);
      known = new Global(full);
      this.globals.set(full, known);
    }
    return known;
  }

  private unlisted(name: string): Error {
    const shown = name.length > 200 ? `${name.slice(0, 200)}...` : name;
    return this.reader.refuse(
      `a pickle that names ${JSON.stringify(shown).slice(1, -1)}`,
      'the classes of tensors and plain values alone (nothing of the file was run)',
      "Where you trust the file, save its state dict in Python: torch.save(model.state_dict(), 'weights.pth').",
    );
  }

  private stackGlobal(): true {
    const [module, name] = this.popMany(2);
    if (typeof module !== 'string' || typeof name !== 'string')
      throw this.refuse('a pickle with a name that is no text');
    return this.push(this.global(module, name));
  }

  private call([callee, args]: Python[]): true {
    if (!(callee instanceof Global)) throw this.refuse(`a pickle that calls ${typeName(callee)}`);
    if (!isTuple(args)) throw this.refuse(`a pickle that calls ${callee.name} with ${typeName(args)}`);
    return this.push(new Call(callee, args));
  }

  private callByName([callee, args, named]: Python[]): true {
    if (!(named instanceof Dict) || named.entries.length > 0) {
      throw this.refuse(`a pickle that calls ${typeName(callee)} with named arguments`);
    }
    return this.call([callee!, args!]);
  }

  private callList([callee, ...args]: Python[]): true {
    return this.call([callee ?? null, args]);
  }

  private build(state: Python): true {
    const target = this.top();
    if (!(target instanceof Call)) throw this.refuse(`a pickle that sets the state of ${typeName(target)}`);
    target.state = state;
    return true;
  }

  private protocol(version: number): true {
    if (version > 5) throw this.refuse(`a pickle of protocol ${version}`, 'one of protocol 5 or before');
    return true;
  }

  private length4(): number {
    return this.source.bytes(4).readUInt32LE();
  }

  private length8(): number {
    return Number(this.source.bytes(8).readBigUInt64LE());
  }

  private bytes(length: number): Uint8Array {
    return Uint8Array.from(this.source.bytes(length));
  }

  private text(length: number): string {
    const bytes = this.source.bytes(length);
    const text = bytes.toString('utf8');
    if (text.includes('\uFFFD') && !Buffer.from(text).equals(bytes))
      throw this.refuse('a pickle with a text that is not UTF-8');
    return text;
  }

  /** Python 2 has one type for texts and bytes; what is no UTF-8 is bytes. */
  private textOfPython2(length: number): string | Uint8Array {
    const bytes = this.source.bytes(length);
    const text = bytes.toString('utf8');
    return text.includes('\uFFFD') ? Uint8Array.from(bytes) : text;
  }

  /** Two's complement, little-endian. */
  private integer(length: number): number | bigint {
    if (length < 0 || length > INTEGER_LIMIT) throw this.refuse(`a pickle with a whole number of ${length} bytes`);
    if (length === 0) return 0;
    const hex = Buffer.from(this.source.bytes(length)).reverse().toString('hex');
    return plainInteger(BigInt.asIntN(8 * length, BigInt(`0x${hex}`)));
  }

  /** Protocols 0 and 1 write 'I01' and 'I00' for booleans, and an 'L' after long numbers. */
  private decimal(line: string): number | bigint | boolean {
    if (line === '00' || line === '01') return line === '01';
    if (!/^-?\d{1,1000}L?$/.test(line)) throw this.refuse('a pickle with a number that is none');
    return plainInteger(BigInt(line.replace('L', '')));
  }
}
