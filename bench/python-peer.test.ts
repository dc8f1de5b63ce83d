import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../src/base/index.js';
import { PythonPeer, pythonProgram } from './python-peer.js';

const hasNumpy = spawnSync(pythonProgram(), ['-c', 'import numpy']).status === 0;
const script = `.peer-test-${process.pid}.py`;

describe.skipIf(!hasNumpy)('a Python peer', () => {
  beforeAll(() =>
    writeFileSync(
      join(packageRoot(), 'bench', script),
      `import os, sys, numpy
from peer import serve
if sys.argv[1] == "broken":
    raise ValueError("this one is broken")
rounds = []
def run(name="none"):
    rounds.append(name)
    return {"count": len(rounds), "threads": os.environ["OMP_NUM_THREADS"]}[name]
serve(run, {"numpy": numpy.__version__})
`,
    ),
  );
  afterAll(() => rmSync(join(packageRoot(), 'bench', script)));

  it('stays alive between rounds, with the threads asked for, and says its versions', async () => {
    await using peer = await PythonPeer.start(script, ['whole'], 3);
    expect(peer.versions.numpy).toMatch(/^\d+\./);
    expect(await peer.seconds('count')).toBe(1);
    expect(await peer.seconds('threads')).toBe(3);
    expect(await peer.seconds('count')).toBe(3);
  });

  it('hands on the message of a script that fails', async () => {
    await expect(PythonPeer.start(script, ['broken'], 1)).rejects.toThrow('this one is broken');
    await using peer = await PythonPeer.start(script, ['whole'], 1);
    await expect(peer.seconds('unknown')).rejects.toThrow('KeyError');
  });
});
