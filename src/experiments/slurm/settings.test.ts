import { expect, it } from 'vitest';
import { checkSlurmSettings, limitText, requestOf } from './settings.js';

const check = (value: unknown) => checkSlurmSettings(value, 'cluster.yaml');

it('a section counts before the top, and what it leaves out is that of the top', () => {
  const settings = check({ partition: 'cpu', qos: 'long', read: { partition: 'io', lines: ['--exclusive'] } });
  expect(requestOf(settings, 'read')).toMatchObject({ partition: 'io', qos: 'long', lines: ['--exclusive'] });
  expect(requestOf(settings, 'report')).toMatchObject({ partition: 'cpu', qos: 'long' });
});

it.each<[string, unknown, string]>([
  ['an unknown key', { particion: 'gpu' }, 'cluster.yaml: particion: found an unknown key'],
  ['an unknown key of a section', { finetune: { gpu: 1 } }, 'cluster.yaml: finetune.gpu: found an unknown key'],
  ['a limit in minutes', { time: '90' }, 'time: found "90"; expected "HOURS:MM:SS" or "DAYS-HH:MM:SS", in quotes'],
  ['a limit that the warning fills', { time: '0:05:00' }, 'at least "0:10:00"'],
  [
    'an option that is hilum’s own',
    { lines: ['--array=0-3'] },
    'lines[0]: found "--array=0-3"; expected an option that',
  ],
  ['one in its short form', { lines: ['-p gpu'] }, 'an option of sbatch in its long form'],
  ['two lines in one', { partition: 'gpu\n#SBATCH --array=0-9' }, 'expected one line'],
  ['less than nothing', { memory: -1 }, 'memory: found -1; expected a number more than 0'],
  ['no mapping', 'gpu', 'expected a mapping of keys to values'],
])('%s is refused', (_, value, message) => {
  expect(() => check(value)).toThrow(message);
});

it('limits are written as sbatch reads them', () => {
  expect([600, 5400, 86400, 100_000].map(limitText)).toEqual(['00:10:00', '01:30:00', '1-00:00:00', '1-03:47:00']);
});
