import { inputError } from '../base/index.js';
import type { PictureList } from '../datasets/index.js';
import { counted } from '../pages/index.js';
import { type EvaluationData, openEvaluation } from './evaluation-data.js';
import type { LabelledImages } from './labelled-images.js';
import type { RecipeName } from './network.js';
import type { ProgressSink } from './progress.js';
import type { PretrainingConfig } from './schema.js';
import { Images, openImages, survey } from './sources.js';

/** What a pretraining reads, open already. */
export interface OpenedImages {
  images: readonly PictureList[];
  /** By which the teacher is judged; null where the configuration has none. */
  labelled: LabelledImages | null;
}

/** Opens what a pretraining reads, and says what there is to say of it. */
export class Preparation {
  constructor(
    private readonly config: PretrainingConfig,
    private readonly progress: ProgressSink,
    private readonly signal: AbortSignal,
    private readonly opened?: OpenedImages,
  ) {}

  /** Throws an InputError for fewer images than one batch. */
  async openImages(): Promise<Images> {
    const { config, progress, signal, opened } = this;
    const images = opened
      ? new Images(opened.images)
      : await openImages(config.data, { signal, onIndex: this.showIndex('images') });
    for (const { name, length, notes } of images.lists) {
      progress.print(`${name}: ${counted(length, 'image')}`);
      for (const text of notes) progress.print(`note: ${name}: ${text}`);
    }
    const { batchSize } = config.training;
    if (images.length >= batchSize) return images;
    throw inputError({
      what: 'training.batchSize',
      found: `${batchSize}, of ${counted(images.length, 'image')}`,
      expected: 'at most as many as there are images',
      fix:
        images.length >= 2 ? `Use ${images.length} or fewer (--batch-size), or give more images.` : 'Give more images.',
    });
  }

  /** The recipe that is configured, or the one that the images call for; says what a look at some of them shows. */
  async chooseRecipe(images: Images): Promise<RecipeName> {
    const { config, progress } = this;
    const { recipe, globalSize } = config.crops;
    const { looked, gray, small, unreadable } = await survey(images, globalSize);
    const readable = looked - unreadable.length;
    for (const { id, reason } of unreadable.slice(0, 3)) progress.print(`warning: ${id} cannot be read: ${reason}`);
    if (small > 0) {
      progress.print(
        `warning: ${small} of ${readable} images looked at are smaller than the global crops of ${globalSize} px, which ` +
          'enlarge them; crops.globalSize (and localSize) may be lower',
      );
    }
    if (recipe !== 'auto') return recipe;
    const chosen = gray === readable ? 'radiographs' : 'natural';
    const seen = chosen === 'natural' ? `${readable - gray} of ${readable}` : `none of ${readable}`;
    progress.print(
      `crops: the recipe for ${chosen === 'natural' ? 'natural images' : chosen}, since ${seen} images looked at are coloured (crops.recipe)`,
    );
    return chosen;
  }

  async openEvaluation(recipe: RecipeName): Promise<EvaluationData | null> {
    const { config, progress } = this;
    let line: ReturnType<ProgressSink['start']> | undefined;
    const evaluation = await openEvaluation(config, {
      recipe,
      labelled: this.opened?.labelled ?? undefined,
      signal: this.signal,
      onIndex: this.showIndex('labelled pictures'),
      onRead: (done, total) => {
        line ??= progress.start({ name: 'read labelled pictures', total, unit: 'images' });
        line.update(done);
      },
    });
    line?.end();
    for (const text of evaluation?.notes ?? []) progress.print(`note: evaluation: ${text}`);
    const unreadable = evaluation?.unreadable ?? [];
    if (unreadable.length > 0) {
      const [{ name, reason }] = unreadable as [{ name: string; reason: string }];
      progress.print(
        `warning: evaluation: ${counted(unreadable.length, 'image')} cannot be read (the first: ${name}: ${reason})`,
      );
    }
    return evaluation;
  }

  private showIndex(what: string) {
    let line: ReturnType<ProgressSink['start']> | undefined;
    return (_: string, { done, units, pictures }: { done: number; units: number; pictures: number }) => {
      line ??= this.progress.start({ name: `index ${what}`, total: units, unit: 'folders or shards' });
      line.update(done, counted(pictures, 'image'));
      if (done === units) line.end(counted(pictures, 'image'));
    };
  }
}
