/** The addon: libtorch as JavaScript sees it. Handles are integers; only the tensor classes deal in them. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { HilumError, messageOf, packageRoot } from '../base/index.js';

export interface Native {
  /** The number of an operator, or -1 where this libtorch does not have it. */
  findOperator(name: string, overload: string): number;
  hasKernel(operator: number, dispatchKey: string): boolean;
  schema(operator: number): string;
  call(operator: number, ...args: unknown[]): unknown;

  fromBytes(bytes: ArrayBufferView, shape: readonly number[], dtype: string): number;
  intoBytes(handle: number, bytes: ArrayBufferView): void;
  shape(handle: number): number[];
  dtype(handle: number): string;
  device(handle: number): string;
  requiresGrad(handle: number): boolean;
  item(handle: number): number;
  grad(handle: number): number | null;
  setGrad(handle: number, gradient: number | null): void;
  free(handle: number): void;
  share(handle: number): number;
  take(ticket: number): number;
  liveTensors(): number;
  liveBytes(): number;

  mapFile(path: string, bytes: number): ArrayBuffer;

  setGradEnabled(enabled: boolean): boolean;
  setAutocast(device: string, dtype: string | null): void;
  manualSeed(device: string, seed: number): void;
  generatorState(device: string): number;
  setGeneratorState(device: string, state: number): void;
  setThreads(count: number): void;
  threads(): number;
  deviceCount(): number;
  synchronize(device: string): void;
  setTf32(allowed: boolean): void;
  releaseMemory(): void;
  buildInfo(): { libtorch: string; library: string; blas: string; config: string; parallel: string; cuda: boolean };
}

let addon: Native | undefined;

/** The addon, loaded when it is first needed: libtorch takes half a second and 200 MB, which not every command wants. */
export function native(): Native {
  addon ??= load();
  return addon;
}

function load(): Native {
  const path = join(packageRoot(), 'build/native/Release/hilum.node');
  if (!existsSync(path)) {
    throw new HilumError(`${path}: found no file; expected the compiled addon. Run "npm run setup" in hilum's folder.`);
  }
  try {
    return createRequire(import.meta.url)(path) as Native;
  } catch (error) {
    throw new HilumError(
      `${path}: libtorch could not be loaded (${messageOf(error)}). Run "npm run setup" in hilum's folder.`,
    );
  }
}
