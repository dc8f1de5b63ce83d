import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../base/index.js';
import { auroc, delongTest, pairedBootstrap, permutationTest, placements } from '../evaluation/index.js';
import { type CompareOptions, compareModels } from './compare.js';
import { writeComparison } from './page.js';
import { nameOf } from './read.js';
import { requireSeeds } from './seeds.js';

const folder = mkdtempSync(join(tmpdir(), 'hilum-compare-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes rows of cells as CSV and returns the path. */
function csv(name: string, rows: readonly (readonly (string | number)[])[], separator = ','): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  const text = rows.map((cells) => `${cells.join(separator)}\n`).join('');
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text);
  return path;
}

mkdirSync(join(folder, 'hollow'));

const N = 120;
const random = new Random(11);
const draw = (count: number, value: () => number) => Array.from({ length: count }, value);
const ids = Array.from({ length: N }, (_, i) => `image ${i}`);
const patients = ids.map((_, i) => `p${Math.floor(i / 2)}`);
const labels = [0.4, 0.2].map((prevalence) => draw(N, () => (random.uniform() < prevalence ? 1 : 0)));
const model = (signal: number) =>
  labels.map((column) => column.map((label) => 1 / (1 + Math.exp(-(signal * label + random.normal())))));
const [good, poor, seed2] = [model(2), model(0.6), model(2.1)];
const NAMES = ['Edema', 'Lung Opacity'];

const plain = (scores: number[][], extra: (i: number) => string[] = () => []) =>
  ids.map((id, i) => [id, ...extra(i), ...scores.map((column) => column[i]!)]);
const a = csv('a.csv', [['id', 'patient_id', ...NAMES], ...plain(good!, (i) => [patients[i]!])]);
const b = csv('b.csv', [['id', ...NAMES], ...plain(poor!)]);
const truth = csv('truth.csv', [['id', ...NAMES], ...plain(labels), ['another image', 1, 0]]);
const base: CompareOptions = { first: [a], second: [b], labels: truth, redraws: 200 };

describe('compareModels', () => {
  it('is the bootstrap, the permutation and DeLong of the same numbers', () => {
    const result = compareModels({ ...base, margin: 0.05 });
    const matrix = (columns: number[][]) =>
      Float32Array.from({ length: 2 * N }, (_, i) => columns[i % 2]![Math.floor(i / 2)]!);
    const groups = Int32Array.from(patients, (name) => Number(name.slice(1)));
    const options = { labels: matrix(labels), findings: 2, groups, seed: 1 };
    const [first, second] = [[matrix(good!)], [matrix(poor!)]];
    const bootstrap = pairedBootstrap({
      ...options,
      redraws: 200,
      margin: 0.05,
      models: [
        { name: 'a', seeds: first },
        { name: 'b', seeds: second },
      ],
    });
    const [expected] = bootstrap.comparisons;
    const permutation = permutationTest({ ...options, first, second, permutations: 200 });
    const { low, high, estimate, pTwoSided, pNonInferior } = expected!.meanAuroc;
    expect(result.mean).toMatchObject({
      difference: { low, high, estimate },
      p: pTwoSided,
      pPermutation: permutation.meanAuroc.pTwoSided,
      over: NAMES,
    });
    expect(result.conclusions).toMatchObject({ superior: true, nonInferior: true, equivalent: false, pNonInferior });
    expect(result.statistics).toMatchObject({
      unit: 'patient',
      units: 60,
      family: 'the 2 findings of this comparison',
    });
    for (const [f, finding] of result.findings.entries()) {
      expect(finding.first!.estimate).toBeCloseTo(auroc(good![f]!, labels[f]!).auroc, 12);
      expect(finding.second!.estimate).toBeCloseTo(auroc(poor![f]!, labels[f]!).auroc, 12);
      expect(finding.p).toBe(expected!.findings[f]!.pTwoSided);
      expect(finding.delong!.p).toBe(
        delongTest(placements(good![f]!, labels[f]!, groups), placements(poor![f]!, labels[f]!, groups)).pTwoSided,
      );
      expect(finding.delong!.patients).toBe(60);
    }
    expect(result.verdict).toMatch(/a is better than b by 0\.\d+.*With the margin 0.05, a is non-inferior to b/s);
  });

  it('does not depend on the order of rows and columns, the separator, compression, names and scale', () => {
    const rows = plain(poor!.map((column) => column.map((p) => 100 * Math.log(p / (1 - p)))));
    const other = csv(
      'other.csv.gz',
      [['Lung_Opacity', 'edema', 'filename'], ...rows.reverse().map(([id, one, two]) => [two!, one!, id!])],
      ';',
    );
    const [there, here] = [compareModels({ ...base, second: [other] }), compareModels(base)];
    expect(there.findings).toEqual(here.findings);
    expect(there.notes.join()).toMatch('Predictions of the second model are not all in 0..1');
  });

  it('keeps differences that float32 would lose', () => {
    const close = (sign: number) =>
      csv(`close${sign}.csv`, [['id', 'Edema'], ...ids.map((id, i) => [id, `${0.5 + sign * 1e-12 * labels[0]![i]!}`])]);
    const { mean } = compareModels({ ...base, first: [close(1)], second: [close(-1)], unit: 'image' });
    expect(mean).toMatchObject({ first: { estimate: 1 }, second: { estimate: 0 } });
  });

  it('takes predictions of runs as they are: their test split, labels beside, folders as seeds', () => {
    const run = (name: string, scores: number[][]) =>
      csv(`${name}/predictions.csv`, [
        ['id', 'patient', 'split', ...NAMES.flatMap((it) => [`label ${it}`, `probability ${it}`])],
        ...ids.map((id, i) => [
          id,
          patients[i]!,
          i < 100 ? 'test' : 'validate',
          ...NAMES.flatMap((_, f) => [labels[f]![i]!, scores[f]![i]!]),
        ]),
      ]);
    run('dino/seed-1', good!);
    run('dino/seed-2', seed2!);
    run('random-seed-1', poor!);
    const options = { first: [join(folder, 'dino')], second: [join(folder, 'random-seed-1')], redraws: 100 };
    const result = compareModels(options);
    expect(result.data).toEqual({ images: 100, patients: 50, split: 'test', labels: null });
    expect(result.first).toMatchObject({
      name: 'dino',
      files: [/seed-1/, /seed-2/].map((name) => expect.stringMatching(name)),
    });
    expect(result.second.name).toBe('random-seed-1');
    expect(nameOf(['b_second.csv', 'b_seed2.csv'])).toBe('b');
    expect(nameOf(['x/dino1.csv', 'x/dino2.csv'])).toBe('dino');
    const runs = ['seed-1', 'seed-2'].map((name) => join(folder, 'dino', name));
    expect(compareModels({ ...options, first: runs })).toMatchObject({ first: { files: result.first.files } });
    expect(result.mean.pPermutation).toBeNull();
    expect(result.notes.join()).toMatch('No permutation test');
    expect(compareModels({ ...options, split: 'all' }).data.images).toBe(N);
    expect(() => compareModels({ ...options, split: 'Test' })).toThrow(/found "test" and "validate".*--split all/);
  });

  it('turns with the alternative, and where the models change places', () => {
    const p = (alternative: CompareOptions['alternative'], swap = false) =>
      compareModels({ ...base, alternative, ...(swap && { first: [b], second: [a] }) }).findings[0]!;
    expect(p('greater').p).toBe(1 / 201);
    expect(p('less').p).toBe(1);
    expect(p('greater').pPermutation).toBe(p('less', true).pPermutation);
    expect(p('greater').delong!.p).toBeCloseTo(p('less', true).delong!.p!, 12);
  });

  it('redraws strata and corrects as asked', () => {
    const plainP = compareModels(base);
    expect(compareModels({ ...base, stratified: true }).mean.difference!.low).not.toBe(plainP.mean.difference!.low);
    const { findings } = compareModels({ ...base, correction: 'holm' });
    const [small, large] = findings.map(({ p }) => p!).sort((x, y) => x - y) as [number, number];
    expect(Math.min(...findings.map(({ pAdjusted }) => pAdjusted!))).toBeCloseTo(2 * small, 12);
    expect(Math.max(...findings.map(({ pAdjusted }) => pAdjusted!))).toBeCloseTo(Math.max(2 * small, large), 12);
  });

  it('says why a finding cannot be estimated, and leaves it out of the mean', () => {
    const none = csv('none.csv', [['id', ...NAMES], ...ids.map((id, i) => [id, labels[0]![i]!, i % 3 ? 0 : ''])]);
    const { mean, findings, data } = compareModels({ ...base, labels: none });
    expect(mean.over).toEqual(['Edema']);
    expect(findings[1]).toMatchObject({ first: null, p: null, pAdjusted: null, unknown: N / 3, reason: 'no positive' });
    expect(data.labels).toBe(none);
  });

  it('does not settle what the data do not', () => {
    const { verdict, conclusions } = compareModels({ ...base, second: [a], margin: 0.01 });
    expect(verdict).toMatch(/The data do not settle which is better.*they are equivalent/s);
    expect(conclusions).toMatchObject({ superior: false, inferior: false, equivalent: true });
  });

  it('writes a page, a table and JSON', () => {
    const paths = writeComparison(compareModels({ ...base, margin: 0.02 }), join(folder, 'out'));
    const [html, table, json] = paths.map((path) => readFileSync(path, 'utf8'));
    expect(html).toMatch(/<svg role="img" aria-label="Differences of AUROC, a minus b: mean of findings \+0/);
    expect(table!.split('\n')[1]).toMatch(/^mean,,,,0\.\d+,/);
    expect(JSON.parse(json!)).toMatchObject({ format: 'hilum-comparison/1', findings: [{ finding: 'Edema' }, {}] });
  });
});

describe('files of other software', () => {
  const file = (name: string, text: string | Buffer) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const lines = (cells: (value: number) => string | number, separator = ',') =>
    ids.map((id, i) => [id, ...poor!.map((column) => cells(column[i]!))].join(separator));
  const header = ['id', ...NAMES];
  const here = () => compareModels(base);

  it('takes a byte order mark, semicolons, Windows line ends and decimal commas', () => {
    const comma = (value: number) => `${value}`.replace('.', ',');
    const text = `\ufeff${[header.join(';'), ...lines(comma, ';')].join('\r\n')}\r\n`;
    const result = compareModels({ ...base, second: [file('german.csv', text)] });
    expect(result.findings).toEqual(here().findings);
    expect(result.notes.join()).toMatch('german.csv: numbers with a decimal comma in Edema and Lung Opacity');
  });

  it('says what is peculiar about the numbers', () => {
    const calls = file('calls.csv', [header.join(), ...lines((value) => Number(value > 0.5))].join('\n'));
    expect(compareModels({ ...base, second: [calls] }).notes.join()).toMatch('calls are 0 and 1 alone');
    const absence = csv('absence.csv', [header, ...plain(good!.map((column) => column.map((value) => 1 - value)))]);
    expect(compareModels({ ...base, second: [absence] }).notes.join()).toMatch('absence ranks negatives above');
    expect(here().notes.join()).not.toMatch('alone|ranks');
  });

  it('says that images count as independent where they do', () => {
    expect(here().notes.join()).not.toMatch('independent');
    expect(compareModels({ ...base, unit: 'image' }).notes.join()).toMatch('By --unit image images count as');
    const { notes, findings } = compareModels({ ...base, first: [b], second: [b] });
    expect(notes.join()).toMatch('No file has a column of patients');
    expect(findings[0]!.delong).not.toHaveProperty('patients');
  });

  const spelled = (name: string, spell: (id: string, i: number) => string) =>
    csv(name, [header, ...plain(poor!).map(([id, ...cells], i) => [spell(String(id), i), ...cells])]);
  const numbers = csv('numbers.csv', [header, ...plain(good!).map(([, ...cells], i) => [String(100 + i), ...cells])]);
  it.each<[string, Partial<CompareOptions>, RegExp]>([
    [
      'folders',
      { second: [spelled('folders.csv', (id) => `/data/${id}`)] },
      /Most ids would be the same without folders: spell/,
    ],
    [
      'endings',
      { second: [spelled('endings.csv', (id) => `${id}.PNG`)] },
      /without the ending of the file name: spell/,
    ],
    ['letters', { second: [spelled('letters.csv', (id) => id.toUpperCase())] }, /in small letters: spell/],
    [
      'numbers read as decimals',
      { first: [numbers], second: [spelled('decimals.csv', (_, i) => `${100 + i}.0`)] },
      /without "\.0" behind whole numbers: spell/,
    ],
    [
      'numbers of one width',
      { first: [numbers], second: [spelled('zeros.csv', (_, i) => `000${100 + i}`)] },
      /without leading zeros: spell/,
    ],
    [
      'numbers that a spreadsheet shortened',
      { first: [numbers], second: [spelled('shortened.csv', (_, i) => `1.${String(i).padStart(5, '0')}E+14`)] },
      /A spreadsheet has shortened long numbers/,
    ],
    [
      'folders and endings, with --common',
      { common: true, second: [spelled('both.csv', (id) => `d/${id}.dcm`)] },
      /without folders, without the ending/,
    ],
    [
      'percent',
      {
        second: [file('percent.csv', [header.join(), ...lines((value) => `${(100 * value).toFixed(3)}%`)].join('\n'))],
      },
      /percent\.csv: row 2, Edema: found "\d+\.\d+%".*without the percent sign/,
    ],
    [
      'a list of images and findings',
      {
        second: [
          csv('list.csv', [['id', 'finding', 'score'], ...ids.flatMap((id) => NAMES.map((name) => [id, name, 1]))]),
        ],
      },
      /120 ids more than once \(image 0 in rows 2 and 3, .*turn a list of images and findings into such a table/,
    ],
    [
      'words for labels',
      { labels: csv('words.csv', [header, ...ids.map((id) => [id, 'yes', 'no'])]) },
      /labels of .*words\.csv: none \(Edema and 1 other column: no numbers, but "yes"\).*Write 1 for yes/,
    ],
    [
      'a row cut off',
      { second: [file('cut.csv', [header.join(), ...lines(String), 'x,1'].join('\n'))] },
      /row 122: found 2 fields; expected 3, as in the header\. Complete the row/,
    ],
    [
      'UTF-16',
      { second: [file('utf16.csv', Buffer.from('\ufeffid,Edema', 'utf16le'))] },
      /found text in UTF-16.*Save it as/,
    ],
    ['a workbook', { second: [file('book.csv', 'PK\x03\x04...')] }, /found a workbook.*Save it as "CSV UTF-8"/],
  ])('%s', (_, options, message) => {
    expect(() => compareModels({ ...base, ...options })).toThrow(message);
  });
});

describe('what does not fit is refused with the reason', () => {
  const rows = plain(poor!);
  const bad = (name: string, change: (rows: (string | number)[][]) => unknown, header = ['id', ...NAMES]) => {
    const copy = rows.map((cells) => [...cells]);
    change(copy);
    return csv(name, [header, ...copy]);
  };
  const refused: [string, Partial<CompareOptions>, RegExp][] = [
    [
      'ids missing on one side',
      { second: [bad('missing.csv', (it) => it.splice(3, 2))] },
      /missing\.csv: found 2 ids of .*a\.csv missing \(image 3, image 4\).*--common/,
    ],
    [
      'ids too many',
      { second: [bad('extra.csv', (it) => it.push(['x', 0.1, 0.2]))] },
      /1 id that it does not have \(x\)/,
    ],
    [
      'no id in common',
      {
        common: true,
        second: [
          bad('ids.csv', (it) =>
            it.forEach((row, i) => {
              row[0] = `other ${i}`;
            }),
          ),
        ],
      },
      /found no id of .*--id/,
    ],
    [
      'ids twice',
      {
        second: [
          bad('twice.csv', (it) => {
            it[5]![0] = 'image 4';
          }),
        ],
      },
      /twice\.csv: id: found 1 id more than once \(image 4 in rows 6 and 7\); expected one row per image/,
    ],
    [
      'an empty id',
      {
        second: [
          bad('empty.csv', (it) => {
            it[5]![0] = '';
          }),
        ],
      },
      /row 7, id: found nothing/,
    ],
    [
      'text for a number',
      {
        second: [
          bad('text.csv', (it) => {
            it[5]![1] = 'high';
          }),
        ],
      },
      /row 7, Edema: found "high"; expected a finite number/,
    ],
    [
      'infinity',
      {
        second: [
          bad('infinite.csv', (it) => {
            it[5]![1] = 'inf';
          }),
        ],
      },
      /found "inf"; expected a finite number/,
    ],
    [
      'a decimal comma',
      {
        second: [
          bad('comma.csv', (it) => {
            it[5]![1] = '"0,5"';
          }),
        ],
      },
      /decimal point/,
    ],
    [
      'a missing prediction',
      {
        second: [
          bad('blank.csv', (it) => {
            it[5]![1] = '';
          }),
        ],
      },
      /1 labelled row without a prediction \(image 5 for Edema\)/,
    ],
    [
      'no finding in common',
      { second: [bad('names.csv', () => {}, ['id', 'X', 'Y'])] },
      /findings: found .*X, Y.*expected a finding that all files/,
    ],
    [
      'a finding that is not there',
      { findings: ['Edema', 'Hernia'] },
      /found the findings Edema, Lung Opacity; expected Hernia, as --findings says/,
    ],
    ['no labels', { labels: undefined }, /predictions without labels.*--labels/],
    [
      'other labels',
      { labels: csv('uncertain.csv', [['id', 'Edema'], ...ids.map((id, i) => [id, i === 7 ? -1 : labels[0]![i]!])]) },
      /id image 7, label Edema: found -1.*uncertain/,
    ],
    [
      'one class alone',
      { labels: csv('one.csv', [['id', 'Edema'], ...ids.map((id) => [id, 0])]) },
      /Edema with 0 positive and 120 negative/,
    ],
    [
      'patients that are not there',
      { first: [b], unit: 'patient' },
      /--unit: found patient; expected a column of patients/,
    ],
    ['a file without rows', { second: [csv('header.csv', [['id', 'Edema']])] }, /a header alone/],
    ['no file', { second: [join(folder, 'nothing.csv')] }, /no such file/],
    ['a folder without files', { second: [join(folder, 'hollow')] }, /a folder without predictions/],
  ];

  it.each(refused)('%s', (_, options, message) => {
    expect(() => compareModels({ ...base, ...options })).toThrow(message);
  });

  it('compares what all files have with --common', () => {
    const { data, notes } = compareModels({
      ...base,
      second: [join(folder, 'missing.csv')],
      common: true,
      redraws: 100,
    });
    expect(data.images).toBe(N - 2);
    expect(notes.join()).toMatch('only rows that all files have are compared');
  });

  it('labels and patients that contradict each other', () => {
    const beside = (name: string, flip: number, who: string) =>
      csv(name, [
        ['id', 'patient', 'Edema', 'Edema label'],
        ...ids.map((id, i) => [
          id,
          i === 9 ? who : 'p',
          good![0]![i]!,
          i === flip ? 1 - labels[0]![i]! : labels[0]![i]!,
        ]),
      ]);
    const options = (second: string) => ({ first: [beside('x.csv', -1, 'p')], second: [second], redraws: 100 });
    expect(() => compareModels(options(beside('y.csv', 4, 'p')))).toThrow(
      /id image 4, label Edema: found \d; expected \d, as in .*x\.csv.*--labels/,
    );
    expect(() => compareModels(options(beside('z.csv', -1, 'q')))).toThrow(
      /id image 9, patient: found q; expected p, as in/,
    );
  });
});

describe('runs of an experiment as seeds of one model', () => {
  const run = (name: string, inputs: object) => {
    const path = csv(`${name}/predictions.csv`, [['id', ...NAMES], ...plain(good!)]);
    writeFileSync(join(dirname(path), 'config.json'), JSON.stringify({ name, inputs }));
    return path;
  };
  const inputs = { recipe: { epochs: 5 }, model: { imageSize: 32 }, seed: 1, start: 'random', data: 'x' };
  const one = run('run-1', inputs);

  it('may differ in seed, pretraining and the patients that a share of the labels takes', () => {
    const others = [
      run('run-2', { ...inputs, seed: 2, data: 'y' }),
      run('run-3', { ...inputs, seed: 2, start: 'pretrained' }),
    ];
    expect(() => requireSeeds([one, ...others, a])).not.toThrow();
  });

  it.each([
    ['of another size', { ...inputs, model: { imageSize: 64 }, seed: 2 }, /not the same model as of .*run-1/],
    ['of another recipe', { ...inputs, recipe: { epochs: 6 }, seed: 2 }, /not the same recipe/],
    ['with adapters', { ...inputs, seed: 2, tuning: { freeze: 'backbone' } }, /not the same tuning/],
    ['of the same seed, with fewer labels', { ...inputs, data: 'y' }, /a second run with the same seed and start/],
  ])('are refused %s', (_, other, message) => {
    const b = run('run-other', other);
    expect(() => compareModels({ first: [one, b], second: [one] })).toThrow(message);
    expect(() => compareModels({ first: [one], second: [one, b] })).toThrow(message);
  });
});
