import type { Radiograph, RadiographDataset } from '../../datasets/index.js';
import type { ImageReader } from '../../imaging/index.js';

/** What the tables of a data set tell, before an image was read. */
export interface DatasetTables {
  name: string;
  dataset: RadiographDataset;
  findings: string[];
  radiographs: Radiograph[];
  /** `[N * F]`: 1, 0, NaN. */
  labels: Float32Array;
  /** Images as the network gets them, of some of the radiographs; none is kept in memory. */
  reader(radiographs: readonly Radiograph[]): ImageReader;
}
