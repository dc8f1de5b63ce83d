import type { Command } from 'commander';
import { register as registerCheck } from './data/check.js';
import { register as registerDecode } from './data/decode.js';
import { register as registerDedup } from './data/dedup.js';
import { register as registerPrepare } from './data/prepare.js';
import { register as registerStats } from './data/stats.js';
import { register as registerView } from './data/view.js';

const COMMANDS = [registerCheck, registerDecode, registerDedup, registerPrepare, registerStats, registerView];

export function register(program: Command): void {
  const data = program.command('data').description('look at data sets on disk, and make them ready');
  for (const register of COMMANDS) register(data);
}
