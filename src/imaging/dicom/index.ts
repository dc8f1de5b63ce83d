export { type Shown, show } from './display.js';
export { isDicom } from './file.js';
export { type DicomHeader, readDicomHeader } from './header.js';
export { type DicomImage, readDicom } from './image.js';
export { decodeDicom, modalityOf, modalityValues, storedImage } from './stages.js';
