/**
 * The study files of `experiments/`, rehearsed: all their data sets in the published layouts, with phantoms; all their weights under the
 * published names, with small networks. What is made smaller is in rehearsal/overrides.ts.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { hilum as here } from './command-line.js';
import { writeStudyData } from './rehearsal/data-sets.js';
import { prepareCommands, rehearsed } from './rehearsal/overrides.js';
import type { SetSize } from './rehearsal/patients.js';
import { STUDY_WEIGHTS, writeStudyWeights } from './rehearsal/weights.js';
import { type Document, hilum } from './tiny-experiment.js';

vi.mock('../cli/output.js', async (original) => (await import('./printed.js')).capturing(original));

const STUDIES = ['study-2024', 'study-2025'] as const;
const wanted = process.env.HILUM_TEST_FULL === '1';

/** A folder with data and weights; the environment points to the weights until `remove`. */
class Rehearsal {
  readonly folder = mkdtempSync(join(tmpdir(), 'hilum-rehearsal-'));
  readonly data = join(this.folder, 'data');
  readonly documents = Object.fromEntries(STUDIES.map((name) => [name, rehearsed(`${name}.yaml`)]));

  async write(size: SetSize): Promise<void> {
    await writeStudyData(this.data, size);
    const environment = writeStudyWeights(join(this.folder, 'weights'));
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    for (const name of STUDIES) writeFileSync(this.file(name), stringify(this.documents[name]));
  }

  file = (name: string) => join(this.folder, `${name}.yaml`);
  out = (name: string) => join(this.folder, name);
  /** The arguments that say which experiment, where. */
  of = (name: string) => [this.file(name), '--data', this.data, '--out', this.out(name)];

  /** One cache for both studies. */
  prepareCommands(): string[][] {
    const both = { ...this.documents['study-2024'], matrix: this.documents['study-2025'].matrix };
    return prepareCommands(both, this.data);
  }

  remove(): void {
    vi.unstubAllEnvs();
    rmSync(this.folder, { recursive: true });
  }
}

describe('the study files', () => {
  let rehearsal: Rehearsal;
  beforeAll(() => {
    rehearsal = new Rehearsal();
    return rehearsal.write({ images: 64, size: 32, drawn: 4 });
  });
  afterAll(() => rehearsal.remove());

  it.each(STUDIES)(
    '%s says how to prepare its images where they are not, all sizes of a data set at once',
    async (name) => {
      const { code, err } = await here('experiment', 'plan', ...rehearsal.of(name), '--no-probe');
      expect(code).toBe(2);
      const { datasets } = rehearsal.documents[name];
      const sizes = name === 'study-2024' ? '112' : '112,160';
      const lines = err.trim().split('\n');
      expect(lines).toHaveLength(datasets.length);
      for (const { type, root, cache } of datasets) {
        const command = `hilum data prepare ${type} --root ${join(rehearsal.data, root)}`;
        const line = lines.find((it) => it.includes(command));
        expect(line, command).toContain(`--size ${sizes} --out ${join(rehearsal.data, cache)}`);
      }
    },
  );

  it('plan every part once the images are prepared, the pretraining on MIMIC-CXR with what it needs', async () => {
    for (const command of rehearsal.prepareCommands()) expect((await here(...command)).code).toBe(0);
    const plans: Document[] = [];
    for (const name of STUDIES) {
      const { code, out, err } = await here('experiment', 'plan', ...rehearsal.of(name), '--no-probe', '--json');
      expect(code, err).toBe(0);
      plans.push(JSON.parse(out));
    }
    const [first, second] = plans.map(({ nodes }) => nodes);
    expect(first).toHaveLength(6 + 2 + 17 + 6);
    expect(second).toHaveLength(10 + 45 + 100 + 15);
    const pretraining = first.find(({ kind }: Document) => kind === 'pretraining');
    expect(pretraining).toMatchObject({ needs: ['data/MIMIC-CXR-supervised'], finished: false });
    expect(pretraining.disk).toBeGreaterThan(1e5);
    const data = first.find(({ kind }: Document) => kind === 'pretraining data');
    expect(data.needs).toHaveLength(6);
    expect(data.disk).toBeGreaterThan(40 * 258 * 4);
  });
});

if (!wanted)
  console.warn('study-rehearsal.test.ts: whole runs of the study files are skipped without HILUM_TEST_FULL=1');

describe.skipIf(!wanted)('the study files from data to export', { timeout: 1_800_000 }, () => {
  let rehearsal: Rehearsal;
  const results: Record<string, Document> = {};
  beforeAll(async () => {
    rehearsal = new Rehearsal();
    await rehearsal.write({ images: 64, size: 128 });
    for (const command of rehearsal.prepareCommands()) {
      const done = await hilum(...command);
      expect(done, done.err).toMatchObject({ code: 0 });
    }
  }, 300_000);
  afterAll(() => rehearsal.remove());

  it.each(STUDIES)('%s is planned, run, watched, reported and exported', async (name) => {
    const planned = await hilum('experiment', 'plan', ...rehearsal.of(name), '--cores', '2', '--json');
    expect(planned, planned.err).toMatchObject({ code: 0 });
    const plan: Document = JSON.parse(planned.out);
    expect(plan.secondsLeft).toBeGreaterThan(0);
    for (const { id, kind, seconds } of plan.nodes) if (kind !== 'test') expect(seconds, id).not.toBeNull();

    const run = await hilum('experiment', 'run', ...rehearsal.of(name), '--cores', '2', '--json');
    expect(run, run.err).toMatchObject({ code: 0 });
    results[name] = JSON.parse(run.out);

    const out = rehearsal.out(name);
    const status = await hilum('experiment', 'status', out, '--json');
    expect(JSON.parse(status.out)).toMatchObject({ finished: true, counts: { finished: plan.nodes.length } });

    const written = readFileSync(join(out, 'report.html'), 'utf8');
    const report = await hilum('experiment', 'report', out);
    expect(report, report.err).toMatchObject({ code: 0 });
    expect(report.out).toContain(results[name].verdict[0]);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toBe(written);

    const exported = await hilum('experiment', 'export', out, '--out', join(out, 'export'));
    expect(exported, exported.err).toMatchObject({ code: 0 });
    expect(readdirSync(join(out, 'export'))).toEqual(expect.arrayContaining(['figures', 'predictions.csv', 'tables']));
  });

  it('study-2024 has 17 models, and those from MIMIC-CXR began elsewhere than those from ImageNet-21k', () => {
    const { cells, comparisons, initializations, datasets } = results['study-2024'];
    expect(cells).toHaveLength(17);
    expect(comparisons).toHaveLength(5 * 3 + 1);
    expect(datasets).toHaveLength(6);
    expect(initializations[2].pretrainings).toMatchObject([{ epochs: 2, steps: 4 }]);
    const curves = cells.map(({ runs }: Document) => JSON.stringify(runs[0].curve));
    expect(new Set(curves).size).toBe(17);
    for (const { meanAuroc, meanOver } of cells) {
      expect(meanOver.length).toBeGreaterThan(3);
      expect(meanAuroc.low).toBeLessThan(meanAuroc.high);
    }
  });

  it('study-2025 has 45 models at two sizes, each of the smaller ones tested on four other data sets', () => {
    const { cells, matrix, externalValidation, initializations } = results['study-2025'];
    expect(cells).toHaveLength(25);
    expect(matrix.settings.map(({ cells }: Document) => cells.length)).toEqual([25, 20]);
    const elsewhere = externalValidation.filter((it: Document) => it.trainedOn !== it.testedOn);
    expect(elsewhere).toHaveLength(100);
    for (const it of elsewhere) expect(it.meanAuroc, `${it.trainedOn} on ${it.testedOn}: ${it.reason}`).not.toBeNull();
    const networks = initializations.map(({ network }: Document) => network);
    expect(networks.filter((it: string) => it.includes('ConvNeXt'))).toHaveLength(2);
    expect(networks.every((it: string) => it.includes('mean'))).toBe(true);
  });

  it('the same command again trains nothing', async () => {
    const parts = readdirSync(join(rehearsal.out('study-2024'), 'parts'));
    const again = await hilum('experiment', 'run', ...rehearsal.of('study-2024'), '--cores', '2');
    expect(again, again.err).toMatchObject({ code: 0 });
    expect(again.err).not.toMatch(/lr 0\.001 seed 1: done|pretrain .*: done/);
    expect(readdirSync(join(rehearsal.out('study-2024'), 'parts'))).toEqual(parts);
  });
});

it('the weights that are rehearsed are those that the manual says to fetch', () => {
  const manual = readFileSync(resolve(import.meta.dirname, '../docs/experiments.md'), 'utf8');
  for (const name of STUDY_WEIGHTS)
    expect(manual).toMatch(new RegExp(`weights fetch .*${name.replaceAll('.', '\\.')}`));
  for (const name of STUDIES)
    expect(existsSync(resolve(import.meta.dirname, `../experiments/${name}.yaml`))).toBe(true);
});
