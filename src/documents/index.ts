export { checkDocument, readYaml } from './document.js';
