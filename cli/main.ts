import { Command, CommanderError } from 'commander';
import { HilumError, messageOf, packageVersion } from '../src/base/index.js';
import { register as registerCompare } from './commands/compare.js';
import { register as registerData } from './commands/data.js';
import { register as registerDemo } from './commands/demo.js';
import { register as registerExperiment } from './commands/experiment.js';
import { register as registerFeatures } from './commands/features.js';
import { register as registerPredict } from './commands/predict.js';
import { register as registerPretrain } from './commands/pretrain.js';
import { register as registerProbe } from './commands/probe.js';
import { register as registerTestsize } from './commands/testsize.js';
import { register as registerWeights } from './commands/weights.js';
import { note, print } from './output.js';

const COMMANDS = [
  registerExperiment,
  registerPretrain,
  registerPredict,
  registerFeatures,
  registerProbe,
  registerCompare,
  registerTestsize,
  registerData,
  registerWeights,
  registerDemo,
];

const HELP = `
Exit codes: 0 done; 1 the job failed; 2 bad usage, configuration or input.
With HILUM_DEBUG=1 an error comes with its stack trace.`;

/** The program with its commands, ready to parse; nothing has run. */
export function createProgram(): Command {
  const program = new Command('hilum')
    .description('Which pretraining should a chest radiograph model start from? Initialize, fine-tune, test, compare.')
    .version(packageVersion())
    .showHelpAfterError('(--help shows what is possible)')
    .addHelpText('after', HELP)
    .configureOutput({ writeOut: print, writeErr: note })
    .exitOverride();
  for (const register of COMMANDS) register(program);
  return program;
}

/**
 * Runs one command line, without the program's name.
 * @returns the exit code: what the command left in `process.exitCode`, else 0; 1 the job failed; 2 bad usage or input.
 */
export async function main(args: string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return report(error);
  }
}

function report(error: unknown): number {
  // Commander has printed its own message (or the help that was asked for) by now.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const stack = process.env.HILUM_DEBUG === '1' && error instanceof Error ? error.stack : undefined;
  note(`error: ${stack ?? messageOf(error)}`);
  return error instanceof HilumError ? error.exitCode : 1;
}
