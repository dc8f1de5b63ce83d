/** An error meant for people: it says what is wrong and what to do. The stack trace stays hidden unless `HILUM_DEBUG=1`. */
export class HilumError extends Error {
  override name = 'HilumError';
  /** Exit code of the command that fails with it: 1 the job failed, 2 bad usage, configuration or input. */
  readonly exitCode: number = 1;
}

/** Bad usage, bad configuration or bad input: the person who started the command can put it right. */
export class InputError extends HilumError {
  override name = 'InputError';
  override readonly exitCode = 2;
}

/** The work was asked to stop; everything finished so far is kept. */
export class Interrupted extends HilumError {
  override name = 'Interrupted';
  override readonly exitCode = 130;
}

/** The loss of a training is no finite number any more. */
export class Diverged extends HilumError {
  override name = 'Diverged';

  /** `at`: in words, `a loss of NaN at step 12`. */
  constructor(
    message: string,
    readonly at: string,
  ) {
    super(message);
  }
}

export interface Problem {
  /** The file, field or option that is wrong, e.g. `experiment.yaml: seeds`. */
  what: string;
  found: string;
  expected: string;
  /** What to do about it, as an imperative sentence. */
  fix?: string;
}

/** Builds the one form in which hilum reports bad input: name, found, expected, what to do. */
export function inputError({ what, found, expected, fix }: Problem): InputError {
  return new InputError(`${what}: found ${found}; expected ${expected}.${fix ? ` ${fix}` : ''}`);
}

/** The message of anything thrown, for embedding in another message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An error on its way from one thread to another, which keeps no classes. */
export interface PackedError {
  message: string;
  exitCode: number;
  stack?: string;
  /** Of a `Diverged`. */
  divergedAt?: string;
}

export function packError(error: unknown): PackedError {
  const exitCode = error instanceof HilumError ? error.exitCode : 1;
  const stack = error instanceof Error ? error.stack : undefined;
  return { message: messageOf(error), exitCode, stack, ...(error instanceof Diverged && { divergedAt: error.at }) };
}

/** The error again: an InputError or Diverged where it was one, with the stack of the thread it comes from. */
export function unpackError({ message, exitCode, stack, divergedAt }: PackedError): HilumError {
  const plain = () => (exitCode === 2 ? new InputError(message) : new HilumError(message));
  const error = divergedAt === undefined ? plain() : new Diverged(message, divergedAt);
  if (stack) error.stack = stack;
  return error;
}
