export { type Checkpoint, type CheckpointRecord, type CheckpointValue, Inert } from './checkpoint.js';
export { readCheckpoint } from './read.js';
export { readSafetensors, readSafetensorsHeader, type SafetensorsHeader, writeSafetensors } from './safetensors.js';
export type { WriteOptions } from './stored.js';
export { writePytorch } from './write-pytorch.js';
