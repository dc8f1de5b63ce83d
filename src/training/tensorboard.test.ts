import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { python } from '../../test/reference.js';
import { RunLog } from './run-log.js';
import { crc32c, scalarRecord, versionRecord } from './tensorboard.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hilum-events-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const READER = join(import.meta.dirname, 'fixtures', 'read_events.py');
const eventsOf = (path: string) =>
  python(READER, path)
    ?.trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('event files', () => {
  // RFC 3720, appendix B.4, and the check value of the catalogue of CRC algorithms.
  it.each([
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(0xff), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    [Buffer.from('123456789'), 0xe3069283],
  ])('have the CRC of RFC 3720 (%#)', (data, expected) => expect(crc32c(data)).toBe(expected));

  // Event(wall_time=1.5, file_version='brain.Event:2') and a scalar at step 300, encoded by hand.
  it('have the bytes of the wire format', () => {
    const body = `09000000000000f83f1a0d${Buffer.from('brain.Event:2').toString('hex')}`;
    const hex = Buffer.from(versionRecord(1.5)).toString('hex');
    expect(hex.slice(0, 16)).toBe('1800000000000000');
    expect(hex.slice(24, -8)).toBe(body);
    const scalar = Buffer.from(scalarRecord(300, 1.5, { a: 0.5 })).toString('hex');
    expect(scalar.slice(24, -8)).toBe('09000000000000f83f10ac022a0a0a080a0161150000003f');
  });

  it('are read by an independent reader, large steps and odd names included', (context) => {
    const path = join(folder, 'events');
    const wallTime = 1_700_000_000.25;
    const scalars = { 'step/loss': 0.1, größe: -3e38, many: 0, [`long ${'x'.repeat(300)}`]: 7 };
    writeFileSync(path, Buffer.concat([versionRecord(wallTime), scalarRecord(2 ** 40 + 5, wallTime, scalars)]));
    const events = eventsOf(path);
    if (!events) return context.skip('no Python to read the events with');
    expect(events[0]).toEqual({ wall_time: wallTime, file_version: 'brain.Event:2' });
    expect(events[1]).toMatchObject({ wall_time: wallTime, step: 2 ** 40 + 5 });
    const stored = Object.fromEntries(Object.entries(scalars).map(([name, value]) => [name, Math.fround(value)]));
    expect(events[1].scalars).toEqual(stored);
  });
});

describe('the log of a run', () => {
  it('cuts off what came after the checkpoint, in both files', (context) => {
    const first = new RunLog(folder, { metrics: 0, events: 0 });
    first.step(0, { loss: 2 });
    const lengths = first.sync();
    first.step(1, { loss: 1 });
    first[Symbol.dispose]();

    const second = new RunLog(folder, lengths);
    second.step(1, { loss: 1.5 });
    second.epoch(1, { loss: 1.75 });
    expect(second.sync().metrics).toBeGreaterThan(lengths.metrics);
    second[Symbol.dispose]();
    const lines = readFileSync(join(folder, 'metrics.jsonl'), 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { kind: 'step', step: 0, loss: 2 },
      { kind: 'step', step: 1, loss: 1.5 },
      { kind: 'epoch', epoch: 1, loss: 1.75 },
    ]);
    const events = eventsOf(join(folder, 'events.out.tfevents.hilum'));
    if (!events) return context.skip('no Python to read the events with');
    expect(events.slice(1).map(({ step, scalars }) => [step, scalars])).toEqual([
      [0, { 'step/loss': 2 }],
      [1, { 'step/loss': 1.5 }],
      [1, { 'epoch/loss': 1.75 }],
    ]);
  });

  it('refuses to go on after a file that is shorter than its checkpoint says', () => {
    writeFileSync(join(folder, 'metrics.jsonl'), '{}\n');
    expect(() => new RunLog(folder, { metrics: 10, events: 0 })).toThrow(/metrics\.jsonl: found 3 bytes; expected 10/);
  });
});
