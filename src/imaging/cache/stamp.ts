import { statSync } from 'node:fs';

/** By what a changed file is known. */
export interface SourceStamp {
  /** Its size, and when it was changed, in whole ms since 1970; -1 where there is no such file. */
  bytes: number;
  modified: number;
}

export function stampOf(path: string): SourceStamp {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? { bytes: stat.size, modified: Math.floor(stat.mtimeMs) } : { bytes: -1, modified: -1 };
}
