import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** The decoder classes of the cornerstone project's WebAssembly packages, as embind shows them. */
interface Decoder {
  /** A view of the module's memory to write `bytes` encoded bytes to; valid until the memory grows. */
  getEncodedBuffer(bytes: number): Uint8Array;
  decode(): void;
  /** The samples, little-endian: a copy or, from OpenJPH, a view of the module's memory. */
  getDecodedBuffer(): Uint8ClampedArray;
  delete(): void;
}

interface Runtime {
  newDecoder(): Decoder;
  /** What the module has printed since it was last emptied. */
  messages: string[];
  memory: WebAssembly.Memory;
  /** The bytes to which the memory may grow. */
  limit: { bytes: number };
}

export interface WasmPackage {
  /** What errors call the decoder. */
  name: string;
  /** Module names of Emscripten's JavaScript, and of the binary. */
  script: string;
  binary: string;
  /** The decoder's class in the module. */
  decoderClass: string;
}

/** A module that has grown beyond this is given back after its image: WebAssembly memory never shrinks. */
const KEPT_BYTES = 192 * 2 ** 20;
const KEPT_MESSAGES = 8;

/** Of messages of OpenJPEG and OpenJPH: those that say nothing, and what stands before the others. */
const SILENT = /^\s*(\[INFO\].*|.*decode failed.*)?$/;
const PREFIX = /^(\[(WARNING|ERROR)\]|ojph (warning|error) \S+ at \S+)/;
/** What the decoders print where they make up samples that the data lacks, and go on. */
const LOSS = /error|malformed|corrupt|truncated|too (long|short|small)/i;

const require = createRequire(import.meta.url);

/** One WebAssembly decoder: loaded when first used, once per thread, and anew after a failure, which may have left it broken. */
export class WasmCodec {
  readonly #package: WasmPackage;
  #compiled: Promise<WebAssembly.Module> | undefined;
  #runtime: Promise<Runtime> | undefined;

  constructor(wasmPackage: WasmPackage) {
    this.#package = wasmPackage;
  }

  /**
   * The decoder's samples, `expectedBytes` in all, in memory of the caller's own. `workingBytes` is what the module may
   * take beside the encoded bytes. Throws an Error with the decoder's own reason where it gives one.
   */
  async decode(encoded: Uint8Array, expectedBytes: number, workingBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const runtime = await this.#started();
    runtime.limit.bytes = 64 * 2 ** 20 + 3 * encoded.length + workingBytes;
    runtime.messages.length = 0;
    try {
      const decoder = runtime.newDecoder();
      decoder.getEncodedBuffer(encoded.length).set(encoded);
      decoder.decode();
      const decoded = decoder.getDecodedBuffer();
      if (decoded.length !== expectedBytes || runtime.messages.some((text) => LOSS.test(text)))
        throw new Error('not all of its samples can be decoded');
      const samples = decoded.buffer === runtime.memory.buffer ? decoded.slice() : decoded;
      decoder.delete();
      if (runtime.memory.buffer.byteLength > KEPT_BYTES) this.#runtime = undefined;
      return new Uint8Array(samples.buffer as ArrayBuffer, 0, expectedBytes);
    } catch (error) {
      this.#runtime = undefined;
      throw new Error(`data that ${this.#package.name} cannot decode${reasonOf(runtime.messages, error)}`);
    }
  }

  #started(): Promise<Runtime> {
    this.#runtime ??= this.#start().catch((error) => {
      this.#runtime = undefined;
      throw error;
    });
    return this.#runtime;
  }

  async #start(): Promise<Runtime> {
    const { script, binary, decoderClass } = this.#package;
    this.#compiled ??= readFile(require.resolve(binary)).then((bytes) => WebAssembly.compile(bytes));
    const compiled = await this.#compiled;
    const messages: string[] = [];
    const print = (text: string) => {
      if (!SILENT.test(text) && messages.length < KEPT_MESSAGES) messages.push(text);
    };
    const limit = { bytes: 0 };
    let memory: WebAssembly.Memory | undefined;
    const module = await require(script)({
      print,
      printErr: print,
      instantiateWasm(imports: WebAssembly.Imports, receive: (instance: WebAssembly.Instance) => void) {
        const instance = new WebAssembly.Instance(compiled, imports);
        memory = memoryOf(instance);
        limitGrowth(memory, limit);
        receive(instance);
        return instance.exports;
      },
    });
    return { newDecoder: () => new module[decoderClass](), messages, memory: memory!, limit };
  }
}

function memoryOf(instance: WebAssembly.Instance): WebAssembly.Memory {
  const memory = Object.values(instance.exports).find((value) => value instanceof WebAssembly.Memory);
  if (!memory) throw new Error('a WebAssembly module that exports no memory');
  return memory;
}

/** Emscripten grows memory by its JavaScript side alone, and takes a refusal as being out of memory. */
function limitGrowth(memory: WebAssembly.Memory, limit: { readonly bytes: number }): void {
  const grow = memory.grow.bind(memory);
  memory.grow = (pages) => {
    if (memory.buffer.byteLength + pages * 65536 > limit.bytes) throw new RangeError('over the limit of memory');
    return grow(pages);
  };
}

/** C++ exceptions arrive as a number and aborts as a RuntimeError without a cause: neither tells a person anything. */
function reasonOf(messages: readonly string[], error: unknown): string {
  const printed = messages.map((text) => text.replace(PREFIX, '').trim());
  if (printed.length > 0) return ` (${[...new Set(printed)].join('; ')})`;
  return error instanceof Error && !(error instanceof WebAssembly.RuntimeError) ? ` (${error.message})` : '';
}
