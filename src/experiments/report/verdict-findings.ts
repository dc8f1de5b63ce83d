import { counted, decimals, listed } from '../../pages/index.js';
import type { Difference, ExperimentResult } from '../result/index.js';
import { evidenceText } from './format.js';
import { negated, outcomeOf, ranked, significanceLevel } from './select.js';

type Evidence = Omit<ExperimentResult, 'verdict'>;
type Compared = Pick<Difference, 'difference' | 'pAdjusted'> & { text: string };

/** On which findings the best of each data set is above the others, and where it is below one. */
export function onFindings(result: Evidence): string[] {
  const level = significanceLevel(result);
  const all = result.datasets.flatMap(({ name }) => ofDataset(result, name));
  const of = (outcome: string) => all.filter((it) => outcomeOf(it, level) === outcome);
  const known = all.length - of('untested').length;
  if (known === 0) return [];
  const [above, below] = [of('better').length, of('worse')];
  const worst = [...below].sort((a, b) => a.difference!.estimate - b.difference!.estimate).slice(0, 3);
  const examples = worst.map(
    (it) => `${it.text} by ${decimals(-it.difference!.estimate)} (${evidenceText(turned(it), result)})`,
  );
  const more = below.length > worst.length ? ', the largest: ' : ': ';
  return [
    `Findings: of ${counted(known, 'comparison')} of the best initialization of a data set with another on a single finding, it is significantly above in ` +
      `${above}, significantly below in ${below.length}${below.length > 0 ? `${more}${listed(examples)}` : ''}; in ${known - above - below.length} neither is shown.`,
  ];
}

const turned = ({ difference, ...rest }: Compared): Compared => ({
  ...rest,
  difference: difference && negated(difference),
});

/** Best - other, per finding. */
function ofDataset(result: Evidence, dataset: string): Compared[] {
  const [best] = ranked(result, dataset);
  return result.comparisons
    .filter((pair) => pair.dataset === dataset && best && [pair.first, pair.second].includes(best.initialization))
    .flatMap(({ first, second, findings }) => {
      const forward = first === best!.initialization;
      return findings.map(({ finding, difference, pAdjusted }) => ({
        text: `${finding} on ${dataset}, below ${forward ? second : first}`,
        difference: forward || !difference ? difference : negated(difference),
        pAdjusted,
      }));
    });
}
