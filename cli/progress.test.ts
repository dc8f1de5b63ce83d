import { describe, expect, it } from 'vitest';
import { duration, Progress } from './progress.js';

function setUp(isTTY: boolean) {
  const stream = { isTTY, columns: 60, text: '', write: (text: string) => (stream.text += text) };
  const clock = { ms: 0 };
  return { stream, clock, progress: new Progress(stream, () => clock.ms) };
}

/** What a terminal shows after the text: lines, with cursor-up-and-clear obeyed. */
function screen(text: string): string[] {
  let lines: string[] = [];
  for (const part of text.replaceAll('\x1b[', '^').split(/(?=\^\d+A\^0J)/)) {
    const [, up, rest = ''] = /^(?:\^(\d+)A\^0J)?([\s\S]*)$/.exec(part)!;
    if (up) lines = lines.slice(0, lines.length - Number(up));
    lines.push(...rest.split('\n').slice(0, -1));
  }
  return lines;
}

describe('Progress', () => {
  it('redraws one line per running task on a terminal, with rate, time left and note', () => {
    const { stream, clock, progress } = setUp(true);
    const a = progress.start({ name: 'a', total: 1000, unit: 'images' });
    clock.ms = 200;
    const b = progress.start({ name: 'b', total: 10, unit: 'steps' });
    clock.ms = 2000;
    a.update(100, 'loss 0.5');
    clock.ms = 2200;
    b.update(1);
    expect(screen(stream.text)).toEqual([
      'a: 100/1,000 images (10 %), 50.0 images/s, 18 s left, loss 0.5'.slice(0, 59),
      'b: 1/10 steps (10 %), 0.500 steps/s, 18 s left',
    ]);
    progress.print('a word between');
    a.end('done');
    expect(screen(stream.text)).toEqual([
      'a word between',
      'a: done (2 s)',
      'b: 1/10 steps (10 %), 0.500 steps/s, 18 s left',
    ]);
    b.end();
    expect(screen(stream.text)).toEqual(['a word between', 'a: done (2 s)', 'b: 1 steps (2 s)']);
  });

  it('prints a plain line about every ten seconds where there is no terminal', () => {
    const { stream, clock, progress } = setUp(false);
    const task = progress.start({ name: 'decoding', total: 500, unit: 'images' });
    for (let done = 1; done <= 250; done++) {
      clock.ms = done * 100;
      task.update(done);
    }
    task.end();
    expect(stream.text.split('\n')).toEqual([
      'decoding: 100/500 images (20 %), 10.0 images/s, 40 s left',
      'decoding: 200/500 images (40 %), 10.0 images/s, 30 s left',
      'decoding: 250 images (25 s)',
      '',
    ]);
  });

  it('takes the rate of the last minute, and not what was done before a resumed run', () => {
    const { stream, clock, progress } = setUp(false);
    const task = progress.start({ name: 'fit', total: 10_000, unit: 'steps', done: 5000 });
    for (let second = 1; second <= 300; second++) {
      clock.ms = second * 1000;
      task.update(5000 + Math.min(second, 100) + Math.max(second - 100, 0) * 10);
    }
    const lines = stream.text.trimEnd().split('\n');
    expect(lines[0]).toContain(' 1.00 steps/s');
    expect(lines.at(-1)).toContain(' 10.0 steps/s');
  });
});

it('writes durations for people', () => {
  expect([0.4, 59.6, 200, 7500].map(duration)).toEqual(['0 s', '1 min 0 s', '3 min 20 s', '2 h 5 min']);
});
