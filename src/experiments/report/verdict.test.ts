import { describe, expect, it } from 'vitest';
import type { ExperimentResult, Interval } from '../result/index.js';
import { exampleResult } from './fixtures/result.js';
import { verdict } from './verdict.js';

const at = (estimate: number, half = 0.02): Interval => ({ estimate, low: estimate - half, high: estimate + half });

/** One data set, `ssl` at 0.85 and `random` at 0.80, stored as random - ssl, with a shortcut at 0.70. */
function small(change: (result: ExperimentResult) => void = () => {}): string[] {
  const result = exampleResult();
  const [dataset] = result.datasets;
  result.datasets = [dataset!];
  result.initializations = result.initializations.slice(0, 2);
  const names = result.initializations.map(({ name }) => name);
  result.cells = result.cells.filter((it) => it.dataset === dataset!.name && names.includes(it.initialization));
  result.cells.forEach((cell, i) => {
    cell.meanAuroc = at([0.8, 0.85][i]!);
  });
  result.comparisons = result.comparisons.filter(
    (it) => it.dataset === dataset!.name && names.includes(it.first) && names.includes(it.second),
  );
  result.comparisons[0]!.mean = {
    difference: { estimate: -0.05, low: -0.08, high: -0.01 },
    p: 0.004,
    pAdjusted: 0.0123,
    pGreater: 0.998,
  };
  result.shortcuts = result.shortcuts.filter((it) => it.dataset === dataset!.name).slice(0, 1);
  result.shortcuts[0]!.meanAuroc = at(0.7);
  change(result);
  return verdict(result);
}

describe('verdict', () => {
  it('names the highest initialization with interval, seeds, radiographs and patients', () => {
    expect(small()[0]).toBe(
      'chestxray14-mini: ssl-natural has the highest mean AUROC over 4 findings: 0.850 ' +
        '(95 % interval 0.830 to 0.870; 3 training seeds each, 1,200 test radiographs of 760 patients).',
    );
  });

  it('turns a difference that is stored the other way round', () => {
    expect(small()[1]).toBe(
      'chestxray14-mini: ssl-natural is significantly better than random by 0.050 (0.010 to 0.080; corrected p = 0.012).',
    );
  });

  it('says that a difference is not significant and that the question stays open', () => {
    const sentence = small((result) => {
      result.comparisons[0]!.mean.pAdjusted = 0.05;
    })[1];
    expect(sentence).toContain(
      'ahead of random by 0.050 (0.010 to 0.080; corrected p = 0.050), which is not significant at 0.05',
    );
    expect(sentence).toContain('do not settle whether ssl-natural is better than random');
    expect(sentence).not.toContain('significantly better');
  });

  it('calls no p corrected where none was', () => {
    const sentence = small((result) => {
      result.statistics.correction = 'none';
    })[1];
    expect(sentence).toContain('(0.010 to 0.080; p = 0.012)');
  });

  it('says that a difference could not be tested', () => {
    const sentence = small((result) => {
      result.comparisons = [];
    })[1];
    expect(sentence).toBe('chestxray14-mini: ssl-natural is above random (0.800), which could not be tested.');
  });

  it.each([
    [0.7, 'the best shortcut, "view position", reaches 0.700, below the interval of the best model (from 0.830)'],
    [0.83, 'reaches 0.830, within the interval of the best model (0.850): these AUROCs alone do not show'],
    [0.86, 'reaches 0.860, more than the best model (0.850): these AUROCs alone do not show'],
    [0.9, 'reaches 0.900, above the interval of the best model: these AUROCs alone do not show'],
  ])('places a shortcut of %f', (estimate, expected) => {
    const sentences = small((result) => {
      result.shortcuts[0]!.meanAuroc = at(estimate);
    });
    expect(sentences.join('\n')).toContain(expected);
  });

  it('does not compare a shortcut over other findings', () => {
    const sentences = small((result) => {
      result.shortcuts[0]!.meanOver = ['Effusion'];
      result.shortcuts[0]!.meanAuroc = at(0.99);
    });
    expect(sentences.join('\n')).toContain('no shortcut predictor could be estimated over the same findings');
    expect(sentences.join('\n')).not.toContain('0.990');
  });

  it('names the findings that a shortcut reaches', () => {
    const sentences = small((result) => {
      for (const finding of result.shortcuts[0]!.findings) {
        if (finding.finding === 'Effusion') finding.auroc = at(0.99);
        else if (finding.auroc) finding.auroc = at(0.5);
      }
    });
    expect(sentences).toContain(
      'chestxray14-mini: for 1 of 4 findings (Effusion) some shortcut lies within or above the interval of ssl-natural.',
    );
  });

  it('names what is not estimable with its counts', () => {
    expect(small()).toContain(
      'chestxray14-mini: Hernia (0 positive, 1,200 negative) could not be estimated on the test split and is not in the mean.',
    );
  });

  it('says nothing where nothing is estimable', () => {
    const sentences = small((result) => {
      for (const cell of result.cells) cell.meanAuroc = null;
    });
    expect(sentences[0]).toBe(
      'chestxray14-mini: no finding can be estimated on the test split, so nothing can be said.',
    );
  });

  it('says what a single initialization reaches', () => {
    const [lead, next] = small((result) => {
      result.cells = result.cells.slice(0, 1);
    });
    expect(lead).toContain(
      'mean AUROC over 4 findings of random: 0.800 (95 % interval 0.780 to 0.820; 3 training seeds,',
    );
    expect(next).not.toContain('better');
  });

  it.each<[string, { pretraining: boolean; finetuning: boolean }, string | undefined]>([
    [
      'neither',
      { pretraining: false, finetuning: false },
      'Seeds: one training seed per cell was run; the intervals hold',
    ],
    [
      'pretraining',
      { pretraining: true, finetuning: false },
      'Seeds: one fine-tuning seed was run; the intervals hold',
    ],
    ['both', { pretraining: true, finetuning: true }, undefined],
  ])('says which seeds were not redrawn: %s were', (_, seedsRedrawn, expected) => {
    const sentences = small((result) => {
      result.statistics.seedsRedrawn = seedsRedrawn;
    });
    const said = sentences.find((sentence) => sentence.includes('the intervals hold'));
    if (expected === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(expected);
  });

  it('says which starts were pretrained once, and how many seeds there were of each kind', () => {
    expect(small().at(-1)).toContain('ssl-natural was pretrained once');
    const sentences = small((result) => {
      const [pretraining] = result.initializations[1]!.pretrainings!;
      result.initializations[1]!.pretrainings = [pretraining!, { ...pretraining!, seed: 2 }];
      const ssl = result.cells[1]!;
      ssl.runs = [1, 2].flatMap((pretrainingSeed) => ssl.runs.map((run) => ({ ...run, pretrainingSeed })));
    });
    expect(sentences.join(' ')).not.toContain('pretrained once');
    expect(sentences[0]).toContain('; 3 fine-tuning seeds for each of up to 2 pretraining seeds, 1,200 test');
  });

  it('counts wins over several data sets', () => {
    const overall = (lead: string) => {
      const result = exampleResult();
      result.cells.find((it) => it.dataset === 'vindr-cxr' && it.initialization === lead)!.meanAuroc = at(0.95);
      return verdict(result).find((sentence) => sentence.startsWith('Over all data sets'));
    };
    expect(overall('ssl-natural')).toContain('ssl-natural is highest on 2 of 2 data sets');
    expect(overall('random')).toContain('no initialization is highest everywhere');
  });
});
