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
    expect(card).toContain(`this run alone: ${cell.runs[2]!.testMeanAuroc!.toFixed(3)}.`);
    expect(card).toMatch(/^\| Sex: M \| 500 \| 310 \| 0\.\d{3} /m);
    expect(card).toMatch(/^\| Atelectasis \|.*\| 1\.523 \|$/m);
    expect(card).toContain('Hernia is not estimable: no positive in the test split.');
    expect(card).not.toMatch(/NaN|undefined|\[object/);
  });

  it('says what was not looked at', () => {
    const card = modelCard({ ...result, shortcuts: [] }, cell, 0);
    expect(card).toContain('Subgroups of patients were not looked at.');
    expect(card).toContain('take probabilities as scores, not as frequencies');
    expect(card).toContain('No predictor without anatomy was run');
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
