export { Predictor } from './predictor.js';
