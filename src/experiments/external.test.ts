import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Document, experiment, phantoms, random, supervised, Workbench } from '../../test/tiny-experiment.js';
import { auroc } from '../evaluation/index.js';
import { writePhantomSet } from '../phantoms/index.js';
import { checkExperiment } from './config/config.js';
import { runExperiment } from './experiment.js';
import { readPredictions } from './finetuning/predictions.js';
import { planExperiment } from './planning/plan.js';
import type { ExperimentResult } from './result/index.js';
import { experimentStatus } from './status.js';

const bench = new Workbench();
afterAll(() => bench.remove());

const silent = { start: () => ({ update: () => {}, end: () => {} }), print: () => {} };

/** Other phantoms whose patients have the same numbers, so that they count as the first ones' patients; and the same as a hospital's own. */
const others = { ...phantoms, name: 'others', root: 'others', findings: ['Effusion', 'Cardiomegaly'] };
const hospital = {
  name: 'hospital',
  type: 'table',
  root: 'others',
  role: 'external',
  description: 'own.yaml',
  testFraction: 0.9,
};

const document = (change?: (it: Document) => void): Document =>
  experiment([random, supervised], (it) => {
    it.externalValidation = true;
    it.datasets.push(others, hospital);
    it.finetuning.epochs = 1;
    change?.(it);
  });

const folder = bench.path('run');

async function run(given: Document): Promise<ExperimentResult> {
  const config = checkExperiment(given, 'test');
  return (await runExperiment({ config, dataRoot: bench.folder, folder, progress: silent }).done).result;
}

/** Every third patient of the others changes sides, so that some of their test patients are training patients of the first. */
function exchange(...names: [string, string]): void {
  const [a, b] = names.map((name) => readFileSync(bench.path('others', name), 'utf8').trim().split(/\r?\n/));
  const changes = (image: string) => Number(image.split('_')[0]) % 3 === 0;
  const mixed = (own: string[], other: string[]) => [...own.filter((it) => !changes(it)), ...other.filter(changes)];
  writeFileSync(bench.path('others', names[0]), `${mixed(a!, b!).join('\n')}\n`);
  writeFileSync(bench.path('others', names[1]), `${mixed(b!, a!).join('\n')}\n`);
}

let result: ExperimentResult;

beforeAll(async () => {
  await bench.draw();
  await writePhantomSet(bench.path('others'), { images: 60, size: 32, seed: 2 });
  exchange('train_val_list.txt', 'test_list.txt');
  const table = readFileSync(bench.path('others', 'Data_Entry_2017_v2020.csv'), 'utf8').trim().split(/\r?\n/);
  const rows = table.slice(1).map((line) => {
    const [image, labels, , patient] = line.split(',') as string[];
    const has = (finding: string) => (labels!.split('|').includes(finding) ? 1 : 0);
    return [image, `P${patient}`, has('Effusion'), has('Cardiomegaly'), has('Mass')].join();
  });
  writeFileSync(bench.path('others', 'own.csv'), ['file,who,Effusion,heart,Rare thing', ...rows, ''].join('\n'));
  writeFileSync(
    bench.path('others', 'own.yaml'),
    [
      'table: own.csv',
      'images: images',
      'columns: { image: file, patient: who }',
      'findings: [{ name: pleural EFFUSION, column: Effusion, shared: pleural effusion }, { name: CARDIOMEGALY, column: heart }, Rare thing]',
    ].join('\n'),
  );
  result = await run(document());
}, 120_000);

const find = (initialization: string, trainedOn: string, testedOn: string) =>
  result.externalValidation!.find(
    (it) => it.initialization === initialization && it.trainedOn === trainedOn && it.testedOn === testedOn,
  )!;

const partsOf = (name: string) => readdirSync(join(folder, 'parts')).filter((part) => part.startsWith(name));

describe('external validation', () => {
  it('tests every model on every other data set, and trains none on an external one', () => {
    const pairs = result.externalValidation!.map((it) => `${it.initialization}: ${it.trainedOn} on ${it.testedOn}`);
    const sets = ['phantoms', 'others'];
    expect([...pairs].sort()).toEqual(
      ['random', 'supervised']
        .flatMap((name) => sets.flatMap((own) => [...sets, 'hospital'].map((other) => `${name}: ${own} on ${other}`)))
        .sort(),
    );
    expect(new Set(result.cells.map(({ dataset }) => dataset))).toEqual(new Set(sets));
    expect(result.datasets.map(({ name }) => name)).toEqual([...sets, 'hospital']);
    expect(find('random', 'others', 'others').meanAuroc).toEqual(
      result.cells.find((cell) => cell.dataset === 'others' && cell.initialization === 'random')!.meanAuroc,
    );
    expect(result.verdict.join('\n')).not.toMatch(/^hospital|trained on hospital/m);
  });

  it('is over the findings that both have under whatever name, as the predictions say', () => {
    for (const initialization of ['random', 'supervised']) {
      const external = find(initialization, 'phantoms', 'hospital');
      expect(external.findings.map(({ finding }) => finding)).toEqual(['CARDIOMEGALY', 'pleural EFFUSION']);
      expect(external.leftOut).toBe(0);
      const [part] = partsOf(`hospital-by-phantoms-${initialization}`);
      const { probabilities, labels, findings } = readPredictions(join(folder, 'parts', part!, 'predictions.csv'));
      expect(findings).toEqual(phantoms.findings);
      const column = (values: Float32Array, f: number) => values.filter((_, i) => i % 3 === f);
      const expected = [0, 1].map((f) => auroc(column(probabilities, f), column(labels, f)).auroc);
      expect(external.findings.map((it) => it.auroc!.estimate)).toEqual(expected);
      expect(external.meanAuroc!.estimate).toBeCloseTo((expected[0]! + expected[1]!) / 2, 12);
    }
  });

  it('compares initializations on the same redraws', () => {
    const pair = result.externalComparisons!.find((it) => it.trainedOn === 'phantoms' && it.testedOn === 'hospital')!;
    expect([pair.first, pair.second]).toEqual(['random', 'supervised']);
    const [a, b] = ['random', 'supervised'].map((name) => find(name, 'phantoms', 'hospital').meanAuroc!);
    expect(pair.mean.difference!.estimate).toBeCloseTo(a!.estimate - b!.estimate, 12);
    expect(pair.mean.difference!.mean!).toBeCloseTo(a!.mean! - b!.mean!, 12);
    expect(pair.mean.p).toBeGreaterThan(0);
  });

  it('leaves out the test radiographs of patients whom the training saw', () => {
    const lists = (root: string, list: string) => readFileSync(bench.path(root, list), 'utf8').trim().split(/\r?\n/);
    const patientOf = (image: string) => image.split('_')[0]!;
    const seen = new Set(lists('radiographs', 'train_val_list.txt').map(patientOf));
    const tested = lists('others', 'test_list.txt');
    const left = tested.filter((image) => seen.has(patientOf(image)));
    expect(left.length).toBeGreaterThan(2);
    const external = find('random', 'phantoms', 'others');
    expect(external.leftOut).toBe(left.length);
    const { positives, negatives } = external.findings[0]!;
    expect(positives + negatives).toBe(tested.length - left.length);
    expect(readFileSync(join(folder, 'report.md'), 'utf8')).toContain(
      `phantoms on others: ${left.length} test radiographs left out, since the training saw the patients.`,
    );
  });

  it('is planned part by part, and known to be finished', async () => {
    const config = checkExperiment(document(), 'test');
    const plan = await planExperiment({ config, dataRoot: bench.folder, folder, probe: false });
    const parts = plan.nodes.filter(({ kind }) => kind !== 'test');
    expect(parts.map(({ finished, disk }) => finished && disk >= 0)).not.toContain(false);
    expect(experimentStatus(folder).nodes.map(({ state }) => state)).not.toContain('waiting');
  });

  it('is found again, and a further data set runs only what is new', async () => {
    const times = new Map(
      readdirSync(join(folder, 'parts')).map((part) => [
        part,
        statSync(join(folder, 'parts', part, 'result.json')).mtimeMs,
      ]),
    );
    rmSync(join(folder, 'parts', partsOf('hospital-by-others-random')[0]!), { recursive: true });
    const again = await run(document((it) => it.datasets.push({ ...hospital, name: 'clinic', testFraction: 0.5 })));
    const now = readdirSync(join(folder, 'parts'));
    const made = now.filter((part) => statSync(join(folder, 'parts', part, 'result.json')).mtimeMs !== times.get(part));
    expect(made.map((part) => part.replace(/-lr.*$|-\w+$/, '')).sort()).toEqual([
      'clinic-by-others-random',
      'clinic-by-others-supervised',
      'clinic-by-phantoms-random',
      'clinic-by-phantoms-supervised',
      'hospital-by-others-random',
      'prepare-clinic',
    ]);
    const known = again.externalValidation!.filter(({ testedOn }) => testedOn !== 'clinic');
    expect(known).toEqual(result.externalValidation);
  }, 60_000);

  it('wants a data set to train on, and is asked for by name', () => {
    const check = (change: (it: Document) => void) => () => checkExperiment(document(change), 'test');
    expect(check((it) => (it.externalValidation = false))).toThrow(/datasets\[2\]\.role.*externalValidation: true/s);
    expect(check((it) => (it.datasets = [hospital]))).toThrow(/role.*internal of one data set at least/s);
  });
});
