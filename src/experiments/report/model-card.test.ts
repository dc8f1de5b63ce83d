import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { withAnalyses } from './fixtures/analyses.js';
import { withHostileNames } from './fixtures/hostile.js';
import { exampleResult } from './fixtures/result.js';
import { modelCard, writeModelCards } from './model-card.js';

const result = exampleResult();
const cell = result.cells[1]!;

describe('modelCard', () => {
  it('has the sections of Mitchell et al. and the numbers of its run', () => {
    const card = modelCard(withAnalyses(result), withAnalyses(result).cells[1]!, 2);
    expect([...card.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)).toEqual([
      'Model details',
      'Intended use',
      'How to use',
      'Training and evaluation data',
      'Performance',
      'Subgroups and other factors',
      'Calibration',
      'Ethical considerations',
      'Limits',
      'Methods',
      'License and contact',
    ]);
    expect(card).toMatch(/^# ssl-natural, fine-tuned on chestxray14-mini$/m);
    expect(card).toContain(`hilum predict --run ${cell.runs[2]!.folder} IMAGE...`);
    const effusion = cell.findings.find(({ finding }) => finding === 'Effusion')!;
    const [row] = card.match(/^\| Effusion \| 240 \/ 960 .*$/m)!;
    const shown = row.split('|').map((it) => it.trim());
    expect(shown[3]).toMatch(new RegExp(`^${effusion.auroc!.estimate.toFixed(3)} \\[`));
    expect(shown[4]).toBe(effusion.thresholds[2]!.toFixed(4));
    expect(card).toContain('so not the numbers of this model alone');
    expect(card).toContain(`this model alone: ${cell.runs[2]!.testMeanAuroc!.toFixed(3)}.`);
    expect(card).toMatch(/^\| Sex: M \| 500 \| 310 \| 0\.\d{3} /m);
    expect(card).toMatch(/^\| Atelectasis \|.*\| 1\.523 \|$/m);
    expect(card).toContain('Hernia is not estimable: no positive in the test split.');
    expect(card).not.toMatch(/NaN|undefined|\[object/);
  });

  it('counts what this very model calls at its thresholds', () => {
    const findings = ['Atelectasis', 'Effusion'];
    const [, effusion] = cell.findings;
    const at = Math.fround(effusion!.thresholds[0]!);
    const thresholds = effusion!.thresholds.map((it, i) => (i === 0 ? at : it));
    const own = { ...cell, findings: cell.findings.map((it) => (it === effusion ? { ...it, thresholds } : it)) };
    const rows = [
      { split: 'test', label: 1, probability: at },
      { split: 'test', label: 1, probability: at - 0.01 },
      { split: 'test', label: 1, probability: at + 0.01 },
      { split: 'test', label: 0, probability: at - 0.01 },
      { split: 'test', label: Number.NaN, probability: at },
      { split: 'validate', label: 0, probability: at },
    ];
    const card = modelCard(result, own, 0, {
      ids: rows.map((_, i) => `image ${i}`),
      patients: rows.map((_, i) => `patient ${i}`),
      splits: rows.map(({ split }) => split),
      findings,
      labels: Float32Array.from(rows.flatMap(({ label }) => [Number.NaN, label])),
      // Thresholds are among the probabilities of float32 that the run gave.
      probabilities: Float32Array.from(rows.flatMap(({ probability }) => [0, probability])),
    });
    expect(card).toContain(`| Effusion | ${at.toFixed(4)} | 2 of 3 (66.7 %) | 1 of 1 (100.0 %) |`);
    expect(card).toMatch(/^\| Atelectasis \| 0\.\d{4} \| \u2013 \| \u2013 \|$/m);
    expect(card).not.toMatch(/Threshold of this model|image \d|patient \d/);
  });

  it('tells where it may be used: data, other data sets, few positives', () => {
    const card = modelCard(withAnalyses(result), withAnalyses(result).cells[1]!, 0);
    expect(card).toMatch(/^\| Median age, years \| 49 \| 49 \| 49 \|$/m);
    expect(card).toMatch(/^\| Sex F \| 1,848 \(44\.0 %\) /m);
    expect(card).toMatch(/^\| View AP \| 2,436 \(58\.0 %\) /m);
    expect(card).toMatch(/^\| vindr-cxr \| 0\.\d{3} \[.*\| Atelectasis, /m);
    expect(card).toContain('Age 80+: left out: fewer than 10 positives of every finding.');
    expect(card).toContain('Few positives in the test split (Hernia 0)');
    expect(card).toContain('unscaled probabilities are higher');
    const unweighted = { ...withAnalyses(result), configuration: { finetuning: { loss: { posWeight: false } } } };
    expect(modelCard(unweighted, unweighted.cells[1]!, 0)).not.toContain('unscaled probabilities are higher');
  });

  it('says what was not looked at', () => {
    const card = modelCard({ ...result, shortcuts: [] }, cell, 0);
    expect(card).toContain('Subgroups of patients were not looked at.');
    expect(card).toContain('take probabilities as scores, not as frequencies');
    expect(card).toContain('No shortcut predictor was run');
  });

  it('names no patient and no image, and shows names as text', () => {
    const hostile = withHostileNames(result);
    const card = modelCard(hostile, hostile.cells.at(-1)!, 0);
    expect(card).not.toMatch(/<script|00012\.png/i);
  });
});

describe('writeModelCards', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-card-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('writes a card beside the weights that are there, and nowhere else', () => {
    const run = join(folder, cell.runs[1]!.folder);
    mkdirSync(run, { recursive: true });
    writeFileSync(join(run, 'model.safetensors'), '');
    const paths = writeModelCards(folder, result);
    expect(paths).toEqual([join(run, 'MODEL_CARD.md')]);
    expect(readFileSync(paths[0]!, 'utf8')).toBe(modelCard(result, cell, 1));
  });
});
