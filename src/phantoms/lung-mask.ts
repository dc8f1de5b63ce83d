import { cageOf, cavity } from './cage.js';
import type { Phantom } from './phantom.js';
import { placeBeam, project, shrinkBeam } from './projection.js';

/**
 * Where a phantom's radiograph shows its lungs, [size, size], row-major: 255 where a ray crosses a pleural cavity, with whatever fills it
 * and whatever lies before or behind it (heart, diaphragm), 0 elsewhere.
 */
export function lungMask({ body, acquisition }: Phantom, size: number): Uint8Array {
  const cage = cageOf(body, acquisition.inspiration);
  const cavities = (['right', 'left'] as const).map((side) => ({
    name: 'cavity',
    solid: cavity(cage, side),
    attenuation: 1,
  }));
  const depths = project(cavities, shrinkBeam(placeBeam(acquisition), body.size), size);
  return Uint8Array.from(depths, (depth) => (depth > 0 ? 255 : 0));
}
