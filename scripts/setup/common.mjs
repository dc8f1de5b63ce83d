// @ts-check
/** What every step of the set-up shares. Node's own modules only: nothing is installed when this runs. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');
export const LOG = join(ROOT, 'build/setup.log');

/** Ends the set-up with a message for people. Exit codes as everywhere in hilum: 1 a step failed, 2 the person has to act. */
export class Stop extends Error {
  /**
   * @param {string} message
   * @param {number} exitCode
   */
  constructor(message, exitCode) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** @param {string} line */
export function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

/** Seconds since `from` (of `performance.now()`), for people. @param {number} from */
export function since(from) {
  return `${((performance.now() - from) / 1000).toFixed(0)} s`;
}

/** Full path of a program on PATH, or undefined. @param {string} program */
export function which(program) {
  const folders = (process.env.PATH ?? '').split(':');
  return folders.map((folder) => join(folder || '.', program)).find((path) => existsSync(path));
}

/** Every file below `folder` with one of the endings, sorted. @param {string} folder @param {string[]} endings */
export function filesBelow(folder, endings) {
  const root = join(ROOT, folder);
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** SHA-256 over some values and the paths and contents of files. @param {unknown[]} values @param {string[]} files */
export function hashOf(values, files = []) {
  const hash = createHash('sha256').update(JSON.stringify(values));
  for (const file of files) hash.update(`\0${relative(ROOT, file)}\0`).update(readFileSync(file));
  return hash.digest('hex');
}

/** @param {string} path */
export function readStamp(path) {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}

/** @param {string} path @param {string} value */
export function writeStamp(path, value) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${value}\n`);
}

/** @type {import('node:child_process').ChildProcess | undefined} */
let running;

/** Passes a signal on to the program that runs now. @param {NodeJS.Signals} signal */
export function stopRunning(signal) {
  running?.kill(signal);
}

/**
 * Runs a program with its output in build/setup.log; nothing is read from standard input.
 * @param {string[]} command
 * @param {{ env?: Record<string, string>, mayFail?: boolean }} [options]
 * @returns {Promise<boolean>} whether it ended with exit code 0
 * @throws {Stop} with the last lines of its output, unless it may fail
 */
export async function run(command, { env = {}, mayFail = false } = {}) {
  mkdirSync(dirname(LOG), { recursive: true });
  const log = openSync(LOG, 'a');
  writeFileSync(log, `\n$ ${command.join(' ')}\n`);
  const start = readFileSync(LOG).length;
  const [program = '', ...args] = command;
  const child = spawn(program, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', log, log] });
  running = child;
  /** @type {string} */
  const end = await new Promise((done) => {
    child.on('error', (error) => done(error.message));
    child.on('close', (code, signal) => done(signal ?? `exit code ${code}`));
  });
  running = undefined;
  closeSync(log);
  if (end === 'exit code 0') return true;
  if (mayFail) return false;
  const tail = readFileSync(LOG).subarray(start).toString('utf8').trimEnd().split('\n').slice(-40).join('\n');
  throw new Stop(`${tail}\n\n\`${command.join(' ')}\` failed (${end}). All of its output is in ${LOG}.`, 1);
}
