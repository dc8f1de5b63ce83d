/** An experiment that is killed or interrupted, and started again, ends with the bits of an undisturbed one. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type Document,
  dinov2,
  experiment,
  fingerprints,
  numbersOf,
  type Outcome,
  random,
  ssl,
  start,
  supervised,
  Workbench,
} from './tiny-experiment.js';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const bench = new Workbench();
afterAll(() => bench.remove());

const document = experiment([ssl, supervised], (it) => {
  Object.assign(it.finetuning, { epochs: 3, batchSize: 4 });
  Object.assign(it.initializations[0].training, { epochs: 8 });
});

beforeAll(async () => {
  await bench.draw();
  const undisturbed = await bench.run(document, 'undisturbed');
  expect(undisturbed, undisturbed.err).toMatchObject({ code: 0 });
});

/** What an experiment's folder holds while it runs. */
class Folder {
  constructor(readonly path: string) {}

  part(name: string): string | undefined {
    if (!existsSync(join(this.path, 'parts'))) return undefined;
    const found = readdirSync(join(this.path, 'parts')).find((folder) => folder.startsWith(name));
    return found && join(this.path, 'parts', found);
  }

  /** Where the checkpoint of a part stands. */
  checkpoint(name: string): { epoch: number; stepOfEpoch: number } | undefined {
    const path = join(this.part(name) ?? '/nowhere', 'checkpoint', 'state.safetensors');
    if (!existsSync(path)) return undefined;
    const bytes = readFileSync(path);
    const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString());
    return JSON.parse(header.__metadata__.progress);
  }

  has(name: string, file: RegExp): boolean {
    const part = this.part(name);
    return part !== undefined && readdirSync(part).some((entry) => file.test(entry));
  }
}

type Moment = (folder: Folder, errors: string) => boolean;

/** A new checkpoint in the middle of an epoch. */
function middleOfEpoch(part: string): Moment {
  let before: string | undefined;
  return (folder) => {
    const now = folder.checkpoint(part);
    before ??= JSON.stringify(now ?? 'none');
    return JSON.stringify(now) !== before && (now?.stepOfEpoch ?? 0) > 0;
  };
}

/** Starts the experiment in a folder and sends a signal as soon as `moment` has come; undefined where it never came. */
async function disturb(
  out: string,
  signal: 'SIGKILL' | 'SIGINT' | 'SIGTERM',
  moment: Moment,
  args: string[] = ['--checkpoint-seconds', '0'],
  own: Document = document,
): Promise<Outcome | undefined> {
  const folder = new Folder(bench.path(out));
  const { child, outcome } = start('experiment', 'run', bench.write(own), '--out', folder.path, ...args);
  let errors = '';
  let sent = false;
  child.stderr?.on('data', (text) => (errors += text));
  while (child.exitCode === null && child.signalCode === null && !sent) {
    if (moment(folder, errors)) sent = child.kill(signal);
    else await new Promise((again) => setTimeout(again, 1));
  }
  const ended = await outcome;
  return sent ? ended : undefined;
}

async function expectSameAsUndisturbed(out: string, own = document, undisturbed = 'undisturbed'): Promise<void> {
  const last = await bench.run(own, out);
  expect(last, last.err).toMatchObject({ code: 0 });
  expect(fingerprints(bench.path(out))).toEqual(fingerprints(bench.path(undisturbed)));
  expect(numbersOf(bench.path(out))).toEqual(numbersOf(bench.path(undisturbed)));
}

describe('a killed experiment', () => {
  it.each<[string, Record<string, Moment>]>([
    [
      'self-supervised',
      {
        'while images are read': (folder) => folder.has('prepare', /config/),
        'in the middle of a self-supervised epoch': middleOfEpoch('pretrain-ssl'),
        'and once more': middleOfEpoch('pretrain-ssl'),
        'between two epochs of fine-tuning': (folder) => folder.checkpoint('phantoms-ssl')?.epoch === 1,
        'while it tests': (_, errors) => errors.includes('testing:'),
      },
    ],
    [
      'supervised',
      {
        'in the middle of an epoch of supervised pretraining': middleOfEpoch('pretrain-supervised'),
        'while the best weights are written': (folder) => folder.has('phantoms-supervised', /^\.?model\.safetensors/),
        'in the middle of an epoch of fine-tuning': middleOfEpoch('phantoms-supervised'),
      },
    ],
  ])('at every moment of a %s start, and started again, has the same bits', async (start, moments) => {
    const out = `killed ${start}`;
    for (const [name, moment] of Object.entries(moments)) {
      expect(await disturb(out, 'SIGKILL', moment), name).toMatchObject({ code: null });
    }
    await expectSameAsUndisturbed(out);
  });

  it('of a DINOv2 start, whose adapters train after a frozen block, each layer at its own rate, has the same bits', async () => {
    const adapted = experiment([dinov2], (it) => {
      const lora = { rank: 2, targets: ['qkv', 'fc1'] };
      Object.assign(it.finetuning, { epochs: 3, batchSize: 4, layerDecay: 0.8, freeze: 1, lora });
    });
    const undisturbed = await bench.run(adapted, 'adapted');
    expect(undisturbed, undisturbed.err).toMatchObject({ code: 0 });
    for (const part of ['pretrain-dinov2', 'phantoms-dinov2', 'phantoms-dinov2']) {
      const moment = middleOfEpoch(part);
      expect(await disturb('killed adapted', 'SIGKILL', moment, undefined, adapted)).toMatchObject({ code: null });
    }
    await expectSameAsUndisturbed('killed adapted', adapted, 'adapted');
  });
});

/** Waits until a process prints a text on standard error. */
const said = (child: ChildProcess, text: string) =>
  new Promise<void>((resolve, reject) => {
    let errors = '';
    child.stderr!.on('data', (more) => {
      errors += more;
      if (errors.includes(text)) resolve();
    });
    child.on('close', (code) => reject(new Error(`ended with ${code} and never said '${text}'`)));
  });

describe('Ctrl-C', () => {
  it('writes a checkpoint, ends with 130, and the run goes on to the same bits', async () => {
    const folder = new Folder(bench.path('interrupted'));
    // Without checkpoints by the clock, those in the middle of an epoch are the signals' own.
    const stops: Moment[] = [
      () => folder.checkpoint('pretrain-ssl')?.epoch === 1,
      (_, errors) => errors.includes('pretrain ssl: done'),
    ];
    for (const [i, signal] of (['SIGINT', 'SIGTERM'] as const).entries()) {
      const stopped = await disturb('interrupted', signal, stops[i]!, []);
      expect(stopped).toMatchObject({ code: 130, out: '' });
      expect(stopped?.err).toMatch(/stopping after this step/);
      expect(stopped?.err).not.toMatch(/^\s+at /m);
    }
    expect(folder.has('phantoms-ssl', /^result\.json$/)).toBe(false);
    await expectSameAsUndisturbed('interrupted');
  });

  it('is heard during a long test', async () => {
    const long = experiment([random], (it) => {
      it.statistics.redraws = 1_000_000;
    });
    const { child, outcome } = start('experiment', 'run', bench.write(long), '--out', bench.path('long'));
    await said(child, 'testing:');
    await new Promise((wait) => setTimeout(wait, 1000));
    const at = performance.now();
    child.kill('SIGINT');
    expect(await outcome).toMatchObject({ code: 130, err: expect.stringContaining('stopped while testing') });
    expect(performance.now() - at).toBeLessThan(2000);
  });

  it('the second time ends at once, in the middle of a step', async () => {
    const slow = experiment([random], (it) => {
      it.model = { size: 'base', imageSize: 192, patchSize: 8 };
      it.finetuning.batchSize = 8;
    });
    const { child, outcome } = start(
      'experiment',
      'run',
      bench.write(slow),
      '--out',
      bench.path('slow'),
      '--cores',
      '1',
    );
    await said(child, 'radiographs read');
    await new Promise((wait) => setTimeout(wait, 2000));
    const stopping = said(child, 'stopping after this step');
    child.kill('SIGINT');
    await stopping;
    await new Promise((wait) => setTimeout(wait, 300));
    expect(child.exitCode).toBe(null);
    const at = performance.now();
    child.kill('SIGINT');
    expect(await outcome).toMatchObject({ code: 130 });
    expect(performance.now() - at).toBeLessThan(1500);
  });
});
