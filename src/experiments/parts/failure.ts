/** What failed in a run, which goes on with all that does not need it. */
import { HilumError, InputError, messageOf } from '../../base/index.js';

/** A node of the graph failed, or all candidates of a cell; what needs it fails with the same error. */
export class NodeFailure extends HilumError {
  constructor(
    readonly id: string,
    /** For people. */
    readonly title: string,
    override readonly cause: unknown,
  ) {
    super(messageOf(cause));
    if (cause instanceof Error && cause.stack) this.stack = cause.stack;
  }
}

/** What is done, and what failed; exit code 2 where all of it was bad input. `R`: what came out all the same. */
export class Unfinished<R = undefined> extends HilumError {
  override name = 'Unfinished';
  override readonly exitCode: number;

  constructor(
    readonly failures: readonly NodeFailure[],
    readonly made: R,
  ) {
    super(textOf(failures));
    this.exitCode = failures.every(({ cause }) => cause instanceof InputError) ? 2 : 1;
    const [first] = failures;
    if (first?.stack) this.stack = failures.map(({ stack }) => stack).join('\n');
  }
}

function textOf(failures: readonly NodeFailure[]): string {
  if (failures.length === 1) return `${failures[0]!.id} failed: ${failures[0]!.message}`;
  return [`${failures.length} parts failed:`, ...failures.map(({ id, message }) => `  ${id}: ${message}`)].join('\n');
}

/** Of all that is to be made: what came, and why the rest did not. Throws what is no failure of a node, such as Interrupted. */
export async function madeOf<T>(work: readonly Promise<T>[]): Promise<{ made: T[]; failed: NodeFailure[] }> {
  const settled = await Promise.allSettled(work);
  const failed = new Set<NodeFailure>();
  for (const item of settled) {
    if (item.status === 'fulfilled') continue;
    if (!(item.reason instanceof NodeFailure)) throw item.reason;
    failed.add(item.reason);
  }
  const made = settled.flatMap((item) => (item.status === 'fulfilled' ? [item.value] : []));
  return { made, failed: [...failed] };
}

/** Whether everything else would fail the same way. */
export const isDiskFull = (error: unknown): boolean => /\b(ENOSPC|EDQUOT)\b/.test(messageOf(error));
