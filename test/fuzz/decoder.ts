/**
 * A process of its own that decodes the files it is told, one by one, so that a crash, a hang or too much memory is seen from
 * outside and named.
 */
import { decode, ImageError, imageLimits } from '../../src/imaging/index.js';

export interface Outcome {
  /** What is wrong with how the file was dealt with; undefined where all is well. */
  fault?: string;
  decoded: boolean;
  /** The most memory that the process has had so far, in bytes. */
  peak: number;
}

async function outcomeOf(path: string): Promise<{ fault?: string; decoded: boolean }> {
  try {
    const { width, height, channels, maximum, data } = await decode({ kind: 'file', path });
    const fits =
      width > 0 &&
      height > 0 &&
      width * height <= imageLimits.pixels &&
      data.length === channels * height * width &&
      (maximum === 255 ? data instanceof Uint8Array : maximum === 65535 && data instanceof Uint16Array);
    if (fits) return { decoded: true };
    return { decoded: true, fault: `${data.length} pixels for [${channels}, ${height}, ${width}] up to ${maximum}` };
  } catch (error) {
    return { decoded: false, fault: faultOf(error, path) };
  }
}

/** Errors that say that code went wrong, not the file. */
const SLIPS = [TypeError, RangeError, ReferenceError, SyntaxError, EvalError];

function faultOf(error: unknown, path: string): string | undefined {
  if (!(error instanceof ImageError)) return `thrown: ${error instanceof Error ? error.stack : String(error)}`;
  if (error.image !== path || error.reason.length < 5)
    return `an ImageError that does not say what is wrong: ${error.message}`;
  const { cause } = error;
  if (cause === undefined) return undefined;
  const slip =
    !(cause instanceof Error) || SLIPS.some((type) => cause instanceof type) || cause.name === 'RuntimeError';
  if (slip) return `behind "${error.reason}": ${cause instanceof Error ? cause.stack : String(cause)}`;
  return undefined;
}

process.on('message', async (path: string) => {
  const outcome = await outcomeOf(path);
  const { arrayBuffers } = process.memoryUsage();
  const peak = Math.max(process.resourceUsage().maxRSS * 1024, arrayBuffers);
  process.send!({ ...outcome, peak } satisfies Outcome);
});
process.on('disconnect', () => process.exit());
