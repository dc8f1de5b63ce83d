import type { Command } from 'commander';
import { register as registerCheck } from './data/check.js';

const COMMANDS = [registerCheck];

export function register(program: Command): void {
  const data = program.command('data').description('look at data sets on disk, and make them ready');
  for (const register of COMMANDS) register(data);
}
