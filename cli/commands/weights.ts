import type { Command } from 'commander';
import { register as registerConvert } from './weights/convert.js';
import { register as registerFetch } from './weights/fetch.js';
import { register as registerInspect } from './weights/inspect.js';
import { register as registerList } from './weights/list.js';

const COMMANDS = [registerList, registerFetch, registerInspect, registerConvert];

export function register(program: Command): void {
  const weights = program.command('weights').description('published weights: list, fetch, look inside, convert');
  for (const register of COMMANDS) register(weights);
}
