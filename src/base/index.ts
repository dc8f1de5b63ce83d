export { compiledUrl } from './compiled.js';
export {
  Diverged,
  HilumError,
  InputError,
  Interrupted,
  inputError,
  messageOf,
  type PackedError,
  type Problem,
  packError,
  unpackError,
} from './errors.js';
export {
  asideOf,
  contentHash,
  filesHash,
  readBytes,
  readJson,
  readText,
  removeAsides,
  replaceFile,
  syncFolder,
  writeFileAtomic,
  writeJson,
} from './files.js';
export { lockFolder, tryLock } from './lock.js';
export { nearest } from './nearest.js';
export { type NpyArray, type NpyData, readNpy, writeNpy } from './npy.js';
export { packageRoot, packageVersion } from './package.js';
export { Random } from './random.js';
