import { vi } from 'vitest';
import { main } from '../cli/main.js';
import { printed } from './printed.js';
import type { Outcome } from './tiny-experiment.js';

/** The command line in this process: as the binary, without its start. The test file mocks the output (see `printed.ts`). */
export async function hilum(...args: string[]): Promise<Outcome> {
  Object.assign(printed, { out: '', err: '' });
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed.err += text;
    return true;
  });
  const code = await main(args);
  spy.mockRestore();
  return { code, ...printed };
}
