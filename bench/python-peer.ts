import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { HilumError, packageRoot } from '../src/base/index.js';
import { loadedBlas } from './machine.js';

/** Debian's BLAS with GNU OpenMP, which the addon loads; without it Python would take another one. */
const MULTIARCH: Record<string, string> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

/** The Python of the peers: HILUM_PYTHON, else the system's (which has Debian's torch), else the first on PATH. */
export function pythonProgram(): string {
  return process.env.HILUM_PYTHON || (existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3');
}

/** The environment in which Python computes with the same BLAS as the addon and as many threads. */
export function pythonEnvironment(threads: number): NodeJS.ProcessEnv {
  const blas = `/usr/lib/${MULTIARCH[process.arch]}/openblas-openmp`;
  const path = [existsSync(blas) ? blas : '', process.env.LD_LIBRARY_PATH ?? ''].filter(Boolean).join(':');
  return {
    ...process.env,
    ...(path ? { LD_LIBRARY_PATH: path } : {}),
    OMP_NUM_THREADS: String(threads),
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

/**
 * A Python program that stays alive beside ours and measures a round when told, so that both can take turns. The script
 * is a file in `bench/` that ends in `serve(run, versions)` of `bench/peer.py`, where `run()` returns seconds.
 */
export class PythonPeer implements AsyncDisposable {
  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly lines: AsyncIterator<string>,
    private readonly failure: () => HilumError,
    /** What the script says of itself, such as the version of torch, and the BLAS that it loaded. */
    readonly versions: Record<string, string>,
  ) {}

  /** Starts a script and waits until it is ready. Throws a HilumError with the script's own message where it fails. */
  static async start(script: string, args: string[], threads: number): Promise<PythonPeer> {
    const path = join(packageRoot(), 'bench', script);
    const child = spawn(pythonProgram(), [path, ...args], { env: pythonEnvironment(threads) });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-4000);
    });
    child.on('error', (error) => {
      errors += error.message;
    });
    child.stdin.on('error', () => {});
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const failure = () => new HilumError(`${pythonProgram()} ${path} ended early: ${errors.trim() || 'no message'}`);
    const ready = await lines.next();
    if (ready.done) throw failure();
    const versions = { ...JSON.parse(ready.value), peerBlas: loadedBlas(child.pid!) };
    return new PythonPeer(child, lines, failure, versions);
  }

  /** Has the script measure one round of what `name` says (one script may hold several); returns seconds. */
  async seconds(name = ''): Promise<number> {
    this.child.stdin.write(`run ${name}`.trimEnd().concat('\n'));
    const answer = await this.lines.next();
    if (answer.done) throw this.failure();
    const figure = Number(answer.value);
    if (!Number.isFinite(figure))
      throw new HilumError(`${this.child.spawnfile}: expected seconds, found ${answer.value}`);
    return figure;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((done) => this.child.once('close', done));
    this.child.stdin.end();
    await ended;
  }
}
