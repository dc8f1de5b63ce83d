export { type FindingName, findingNames, labelsOf } from './findings.js';
export type { ImageSetOptions } from './image-files.js';
export { lungMask } from './lung-mask.js';
export { drawPatient, type PatientOptions } from './patient.js';
export type { Acquisition, Body, Findings, Phantom, Side, Zone } from './phantom.js';
export { type PhantomRecord, type PhantomSetOptions, writePhantomSet } from './phantom-set.js';
export { writePictureSet } from './picture-set.js';
export { projectPhantom, renderPhantom } from './radiograph.js';
export { drawTexture, type TextureName, textureNames } from './textures.js';
