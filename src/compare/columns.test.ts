import { describe, expect, it } from 'vitest';
import { recognizeColumns } from './columns.js';

const predictions = (...header: string[]) => recognizeColumns('x.csv', header, 'predictions');
const findings = (columns: { finding: string }[]) => columns.map(({ finding }) => finding);

describe('recognizeColumns', () => {
  it('knows predictions.csv of a run', () => {
    const { id, patient, split, scores, labels, ignored } = predictions(
      'id',
      'patient',
      'split',
      'label Edema',
      'probability Edema',
      'label Lung Opacity',
      'probability Lung Opacity',
    );
    expect({ id, patient, split, ignored }).toEqual({ id: 'id', patient: 'patient', split: 'split', ignored: [] });
    expect(findings(scores)).toEqual(['Edema', 'Lung Opacity']);
    expect(findings(labels)).toEqual(['Edema', 'Lung Opacity']);
  });

  it.each([
    [['Image Index', 'Edema_prob', 'Edema_label', 'view'], 'Image Index', ['Edema'], ['Edema'], ['view']],
    [['filename', 'prob_Edema', 'y_true_Edema'], 'filename', ['Edema'], ['Edema'], []],
    [['IMAGE_ID', 'Edema', 'Pleural Effusion'], 'IMAGE_ID', ['Edema', 'Pleural Effusion'], [], []],
    [['id', 'label', 'probability'], 'id', ['finding'], ['finding'], []],
    [['', 'id', 'Edema', 'Edema_label'], 'id', ['Edema'], ['Edema'], []],
    [['study.id', 'logit: Edema', 'sex'], 'study.id', ['Edema'], [], ['sex']],
  ])('%j', (header, id, scores, labels, ignored) => {
    const found = predictions(...header);
    expect(found.id).toBe(id);
    expect(findings(found.scores)).toEqual(scores);
    expect(findings(found.labels)).toEqual(labels);
    expect(found.ignored).toEqual(ignored);
  });

  it('takes plain columns of a file of labels as labels, and marked ones before them', () => {
    expect(findings(recognizeColumns('l.csv', ['id', 'Edema', 'age'], 'labels').labels)).toEqual(['Edema', 'age']);
    expect(
      findings(recognizeColumns('l.csv', ['id', 'label Edema', 'age', 'probability Edema'], 'labels').labels),
    ).toEqual(['Edema']);
  });

  it('takes the names that are given', () => {
    const found = recognizeColumns('x.csv', ['id', 'uid', 'who', 'Edema'], 'predictions', {
      id: 'uid',
      patient: 'who',
    });
    expect(found).toMatchObject({ id: 'uid', patient: 'who' });
  });

  it.each([
    [['Edema', 'Effusion'], /expected a column that names the rows.*--id/],
    [['id', 'patient'], /expected beside the id, a column with a probability per finding/],
    [['id', 'Edema', 'Edema'], /two columns "Edema"/],
    [
      ['id', 'Pleural Effusion', 'pleural_effusion'],
      /"Pleural Effusion" and "pleural_effusion"; expected one column per finding/,
    ],
  ])('refuses %j', (header, message) => {
    expect(() => predictions(...header)).toThrow(message);
  });

  it('refuses a given name that is not there', () => {
    expect(() => recognizeColumns('x.csv', ['id', 'Edema'], 'predictions', { id: 'uid' })).toThrow(
      'expected a column "uid", as --id says',
    );
  });
});
