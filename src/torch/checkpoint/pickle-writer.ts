/** The few opcodes of pickle's protocol 2 that a state dict needs (Python, Lib/pickletools.py). */
export class PickleWriter {
  private readonly parts: Uint8Array[] = [];

  constructor() {
    this.op('\x80\x02');
  }

  bytes(): Buffer {
    return Buffer.concat([...this.parts, Buffer.from('.')]);
  }

  /** Opcodes, written as the characters that they are. */
  op(code: string): this {
    this.parts.push(Buffer.from(code, 'latin1'));
    return this;
  }

  text(value: string): this {
    const utf8 = Buffer.from(value);
    return this.op('X').uint32(utf8.length).raw(utf8);
  }

  /** A natural number up to 2^53. */
  natural(value: number): this {
    if (value < 2 ** 8) return this.op('K').raw(Uint8Array.of(value));
    if (value < 2 ** 31) return this.op('J').uint32(value);
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    return this.op('\x8a\x08').raw(bytes);
  }

  /** A class or function of Python. */
  global(module: string, name: string): this {
    return this.op(`c${module}\n${name}\n`);
  }

  naturals(values: readonly number[]): this {
    this.op('(');
    for (const value of values) this.natural(value);
    return this.op('t');
  }

  private uint32(value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return this.raw(bytes);
  }

  private raw(bytes: Uint8Array): this {
    this.parts.push(bytes);
    return this;
  }
}
