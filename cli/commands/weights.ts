import type { Command } from 'commander';
import { register as registerFetch } from './weights/fetch.js';
import { register as registerList } from './weights/list.js';

const COMMANDS = [registerList, registerFetch];

export function register(program: Command): void {
  const weights = program.command('weights').description('published weights: list and fetch them');
  for (const register of COMMANDS) register(weights);
}
