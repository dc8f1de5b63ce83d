export { readSafetensors, readSafetensorsHeader, type SafetensorsHeader, writeSafetensors } from './safetensors.js';
