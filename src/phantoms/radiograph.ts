import { expose } from './detector.js';
import type { Phantom } from './phantom.js';
import { placeBeam, project, shrinkBeam } from './projection.js';
import { thorax } from './thorax.js';

/** Line integrals of attenuation through a phantom, [size, size], row-major, no unit: the radiograph before the detector. */
export function projectPhantom(phantom: Phantom, size: number): Float32Array {
  const { size: bodySize } = phantom.body;
  const integrals = project(thorax(phantom), shrinkBeam(placeBeam(phantom.acquisition), bodySize), size);
  return integrals.map((integral) => integral * bodySize);
}

/** The radiograph of a phantom: 8-bit gray, [size, size], row-major; bone is bright, the patient's left is on the right. */
export function renderPhantom(phantom: Phantom, size: number): Uint8Array {
  return expose(projectPhantom(phantom, size), size, phantom.acquisition, phantom.seed);
}
