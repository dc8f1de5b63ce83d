import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { HilumError } from '../src/base/index.js';
import { loadedBlas } from './machine.js';

/**
 * A program that stays alive beside others and measures a round when told, so that they can take turns. It prints a JSON
 * object of versions when it is ready, then a number for each line `run NAME` on standard input.
 */
export class RoundsProcess implements AsyncDisposable {
  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly lines: AsyncIterator<string>,
    private readonly failure: () => HilumError,
    /** What the program says of itself, such as the version of torch, and the BLAS that it loaded. */
    readonly versions: Record<string, string>,
  ) {}

  /** Waits until the program is ready. Throws a HilumError with the program's own message where it fails. */
  static async start(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<RoundsProcess> {
    const child = spawn(program, args, { env });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-4000);
    });
    child.on('error', (error) => {
      errors += error.message;
    });
    child.stdin.on('error', () => {});
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const failure = () => new HilumError(`${program} ${args[0]} ended early: ${errors.trim() || 'no message'}`);
    const ready = await lines.next();
    if (ready.done) throw failure();
    const versions = { ...JSON.parse(ready.value), peerBlas: loadedBlas(child.pid!) };
    return new RoundsProcess(child, lines, failure, versions);
  }

  /** Has the program measure one round of what `name` says (one program may hold several); returns its figure, seconds as a rule. */
  async seconds(name = ''): Promise<number> {
    this.child.stdin.write(`run ${name}`.trimEnd().concat('\n'));
    const answer = await this.lines.next();
    if (answer.done) throw this.failure();
    const figure = Number(answer.value);
    if (!Number.isFinite(figure)) {
      throw new HilumError(`${this.child.spawnfile}: expected a number, found ${answer.value}`);
    }
    return figure;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((done) => this.child.once('close', done));
    this.child.stdin.end();
    await ended;
  }
}
