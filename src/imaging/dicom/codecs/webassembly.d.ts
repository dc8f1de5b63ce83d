/** The part of the JavaScript API of WebAssembly that hilum uses: TypeScript has it only among the browser's types. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: Record<string, unknown>;
  }
  class Memory {
    /** Pages of 64 KiB. */
    constructor(size: { initial: number });
    readonly buffer: ArrayBuffer;
    /** By `pages` of 64 KiB; returns how many there were. */
    grow(pages: number): number;
  }
  class RuntimeError extends Error {}
  type Imports = Record<string, Record<string, unknown>>;
  function compile(bytes: Uint8Array): Promise<Module>;
}
