/**
 * Real files of every format, damaged: each comes out as an image that fits its own size, or as an ImageError that says why;
 * never as another error, a crash, a hang, or memory over the limit. With HILUM_TEST_FULL=1 ten times as many, larger files
 * among them.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { compiledUrl, Random } from '../src/base/index.js';
import type { Outcome } from './fuzz/decoder.js';
import { mutate } from './fuzz/mutations.js';
import { type Sample, samples } from './fuzz/samples.js';

const FULL = process.env.HILUM_TEST_FULL === '1';
const SEED = Number(process.env.HILUM_FUZZ_SEED ?? 20_240);
const COUNT = FULL ? 24_000 : 2_000;
const SECONDS_PER_IMAGE = 10;
const BYTES = 1.5 * 2 ** 30;

const folder = mkdtempSync(join(tmpdir(), 'hilum-fuzz-'));
const path = join(folder, 'image');
let decoder: ChildProcess | undefined;
afterAll(() => {
  decoder?.disconnect();
  rmSync(folder, { recursive: true });
});

function start(): ChildProcess {
  const module = fileURLToPath(compiledUrl('./fuzz/decoder.js', import.meta.url));
  return fork(module, { execArgv: ['--max-old-space-size=256'], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
}

/** What the decoder makes of the file; a process that dies or does not answer in time is a fault, and replaced. */
function decodeApart(): Promise<Outcome> {
  decoder ??= start();
  const child = decoder;
  return new Promise((resolve) => {
    let complaint = '';
    const fault = (what: string) => {
      decoder = undefined;
      child.kill('SIGKILL');
      finish({ fault: what, decoded: false, peak: 0 });
    };
    const timer = setTimeout(() => fault(`no answer after ${SECONDS_PER_IMAGE} s`), 1000 * SECONDS_PER_IMAGE);
    const heard = (outcome: Outcome) => finish(outcome);
    const complained = (text: Buffer) => {
      complaint += text;
    };
    const died = (code: number | null, signal: string | null) => {
      fault(`the process ended with ${signal ?? `exit code ${code}`}: ${complaint.slice(-2000)}`);
    };
    const finish = (outcome: Outcome) => {
      clearTimeout(timer);
      child.off('message', heard);
      child.off('exit', died);
      child.stderr!.off('data', complained);
      resolve(outcome);
    };
    child.on('message', heard);
    child.on('exit', died);
    child.stderr!.on('data', complained);
    child.send(path);
  });
}

async function faultOf(bytes: Uint8Array): Promise<Outcome> {
  writeFileSync(path, bytes);
  const outcome = await decodeApart();
  if (outcome.fault || outcome.peak <= BYTES) return outcome;
  decoder?.disconnect();
  decoder = undefined; // a new one, so that only this file is blamed
  return { ...outcome, fault: `${Math.round(outcome.peak / 2 ** 20)} MiB of memory` };
}

const files = samples(FULL ? 2 ** 20 : 2 ** 15);

it(`decodes ${COUNT} damaged files or says what is wrong with them`, {
  timeout: FULL ? 3_600_000 : 120_000,
}, async () => {
  const faults: string[] = [];
  let decoded = 0;
  for (let i = 0; i < COUNT; i++) {
    const sample = files[i % files.length]!;
    const random = Random.of(SEED, sample.name, i);
    const other = files[random.integer(files.length)] as Sample;
    const { bytes, how } = mutate(sample.bytes, other.bytes, random);
    if (bytes.length === 0) continue;
    const outcome = await faultOf(bytes);
    if (outcome.decoded) decoded++;
    if (!outcome.fault) continue;
    faults.push(`${sample.name}, mutation ${i} of seed ${SEED} (${how}; other: ${other.name}): ${outcome.fault}`);
  }
  expect(faults.join('\n\n')).toBe('');
  // Were all refused, or all decoded, the mutations would reach nothing.
  expect(decoded / COUNT).toBeGreaterThan(0.05);
  expect(decoded / COUNT).toBeLessThan(0.8);
});
