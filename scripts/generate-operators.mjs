// @ts-check
// Writes src/torch/tensor.ts's operators: typed methods and functions for the schemas named in operators.txt, read
// from the libtorch that the addon was built against.   node scripts/generate-operators.mjs
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const native = createRequire(import.meta.url)(join(root, 'build/native/Release/hilum.node'));

/**
 * @typedef {{ type: string, name: string, default: string | undefined }} Parameter
 * @typedef {{ key: string, base: string, overload: string, inPlace: boolean, parameters: Parameter[], returns: string[] }} Operator
 */

// Arguments that hilum never sets: memory layout and pinning.
const HIDDEN = new Set(['layout', 'pin_memory', 'memory_format', 'non_blocking', 'cudnn_enable']);

/** @param {string} text */
const camel = (text) => text.replace(/^_+/, '').replace(/_+([a-z0-9])/g, (_, letter) => letter.toUpperCase());

/** @param {string} schema @returns {{ parameters: Parameter[], returns: string[], inPlace: boolean }} */
function parse(schema) {
  const [, inside, result] = /** @type {RegExpExecArray} */ (/^[^(]+\((.*)\) -> (.*)$/.exec(schema));
  const parameters = split(/** @type {string} */ (inside))
    .filter((text) => text !== '*')
    .map((text) => {
      const [, type, name, value] = /** @type {RegExpExecArray} */ (/^(.+?) (\w+)(?:=(.*))?$/.exec(text));
      return {
        type: /** @type {string} */ (type).replace(/\([a-z!>*\- ]+\)/, ''),
        name: /** @type {string} */ (name),
        default: value,
      };
    });
  const returns = split(/** @type {string} */ (result).replace(/^\((?=.*\)$)(.*)\)$/, '$1'));
  return {
    parameters,
    returns: returns.map((text) => text.replace(/\([a-z!>*\- ]+\)/, '').split(' ')[0] ?? ''),
    inPlace: /^Tensor\([a-z]!\)/.test(String(result)),
  };
}

/** @param {string} text */
function split(text) {
  const parts = [];
  let depth = 0;
  let part = '';
  for (const char of text) {
    if ('([{'.includes(char)) depth++;
    if (')]}'.includes(char)) depth--;
    if (char === ',' && depth === 0) {
      parts.push(part.trim());
      part = '';
    } else part += char;
  }
  if (part.trim()) parts.push(part.trim());
  return parts;
}

/** @param {string} type @returns {string} */
function typeScript(type) {
  if (type.endsWith('?')) return `${typeScript(type.slice(0, -1))} | null`;
  const list = /^(.*)\[(\d*)\]$/.exec(type);
  if (list) {
    const item = typeScript(/** @type {string} */ (list[1]));
    const array = item.includes('|') ? `(${item})[]` : `${item}[]`;
    return item === 'number' ? `number | readonly ${array}` : `readonly ${array}`;
  }
  /** @type {Record<string, string>} */
  const simple = {
    Tensor: 'Tensor',
    Scalar: 'number | boolean',
    int: 'number',
    SymInt: 'number',
    float: 'number',
    bool: 'boolean',
    str: 'string',
    ScalarType: 'DType',
    Device: 'string',
  };
  const found = simple[type];
  if (!found) throw new Error(`no TypeScript type for ${type}`);
  return found;
}

/** @param {Parameter} p @param {string} name */
function argument(p, name) {
  const base = p.type.replace(/\?$/, '');
  if (base === 'Tensor') return p.type.endsWith('?') || p.default !== undefined ? `${name}?.handle` : `${name}.handle`;
  if (/^Tensor\??\[/.test(base)) return `handles(${name})`;
  return name;
}

/** @param {Operator} op @param {boolean} method */
function signature(op, method) {
  const shown = op.parameters.slice(method ? 1 : 0).filter((p) => !HIDDEN.has(p.name) && p.type !== 'Generator?');
  const lastRequired = shown.findLastIndex((p) => p.default === undefined && !p.type.endsWith('?'));
  return shown.map((p, i) => ({ ...p, local: camel(p.name), optional: i > lastRequired }));
}

/** @param {Operator} op @param {boolean} method */
function callText(op, method) {
  const names = op.parameters.map((p, i) => {
    if (method && i === 0) return 'this.handle';
    if (HIDDEN.has(p.name)) return 'undefined';
    if (p.type === 'Generator?')
      return method ? 'this.device' : op.parameters.some((q) => q.name === 'device') ? "device ?? 'cpu'" : 'undefined';
    return argument(p, camel(p.name));
  });
  while (names.at(-1) === 'undefined') names.pop();
  return `native().call(${[`op(${op.key})`, ...names].join(', ')})`;
}

/** @param {Operator} op */
function resultText(op) {
  const kinds = op.returns.map((type) => (type === 'Tensor' ? 'Tensor' : type === 'Tensor[]' ? 'Tensor[]' : type));
  if (kinds.length === 0) return { type: 'void', wrap: (/** @type {string} */ call) => `${call};` };
  if (kinds.length > 1)
    return {
      type: `[${kinds.join(', ')}]`,
      wrap: (/** @type {string} */ call) => `return wrapAll(${call}) as [${kinds.join(', ')}];`,
    };
  if (kinds[0] === 'Tensor[]')
    return { type: 'Tensor[]', wrap: (/** @type {string} */ call) => `return wrapAll(${call});` };
  return { type: 'Tensor', wrap: (/** @type {string} */ call) => `return wrap(${call});` };
}

const lines = readFileSync(join(root, 'scripts/operators.txt'), 'utf8')
  .split('\n')
  .filter((line) => line && !line.startsWith('#'));
/** @type {Map<string, Operator[]>} */
const byName = new Map();
/** @type {string[]} */
const table = [];
for (const line of lines) {
  const [full, given] = line.split(' ');
  const [base, overload = ''] = /** @type {string} */ (full).split('.');
  const number = native.findOperator(base, overload);
  if (number < 0) throw new Error(`this libtorch has no ${full}`);
  const name = given ?? camel(/** @type {string} */ (base).replace('aten::', ''));
  const op = {
    key: String(table.length),
    base: /** @type {string} */ (base),
    overload,
    ...parse(native.schema(number)),
  };
  table.push(`  ['${base}', '${overload}'],`);
  byName.set(name, [...(byName.get(name) ?? []), op]);
}

/** @type {string[]} */
const methods = [];
/** @type {string[]} */
const functions = [];
for (const [name, ops] of byName) {
  const main = /** @type {Operator} */ (ops[0]);
  const method = main.parameters[0]?.type === 'Tensor' && ['self', 'input', 'theta'].includes(main.parameters[0].name);
  const shown = signature(main, method);
  const merged = ops.length > 1 ? camel(/** @type {string} */ (ops[1]?.parameters[1]?.name)) : '';
  const result = resultText(main);
  const parameters = shown.map((p, i) => {
    const type = merged && i === 0 ? 'Tensor | number' : typeScript(p.type);
    return `${merged && i === 0 ? merged : p.local}${p.optional ? '?' : ''}: ${p.optional ? type.replace(/ \| null$/, '') + (p.type.endsWith('?') ? ' | null' : '') : type}`;
  });
  const schema = ops.map((op) => native.schema(native.findOperator(op.base, op.overload)));
  const doc = `/** ${schema.join('\n * ')} */`;
  const inPlace = main.inPlace && main.base.endsWith('_');
  const body = () => {
    if (ops.length === 1)
      return inPlace ? `${callText(main, method)};\nreturn this;` : result.wrap(callText(main, method));
    const scalar = /** @type {Operator} */ (ops.find((op) => op.parameters[1]?.type === 'Scalar'));
    const tensor = /** @type {Operator} */ (ops.find((op) => op.parameters[1]?.type === 'Tensor'));
    const scalarCall = callText(scalar, method).replace(
      camel(/** @type {string} */ (scalar.parameters[1]?.name)),
      merged,
    );
    const tensorCall = callText(tensor, method).replace(
      `${camel(/** @type {string} */ (tensor.parameters[1]?.name))}.handle`,
      `${merged}.handle`,
    );
    if (inPlace) return `if (typeof ${merged} === 'number') ${scalarCall};\nelse ${tensorCall};\nreturn this;`;
    return `return wrap(typeof ${merged} === 'number' ? ${scalarCall} : ${tensorCall});`;
  };
  const head = `${name}(${parameters.join(', ')}): ${inPlace ? 'this' : result.type}`;
  (method ? methods : functions).push(
    method ? `${doc}\n${head} {\n${body()}\n}\n` : `${doc}\nexport function ${head} {\n${body()}\n}\n`,
  );
}

const output = `// Generated by scripts/generate-operators.mjs from scripts/operators.txt: do not edit.
import { native } from './binding.js';
import { adopt, type DType, TensorBase } from './tensor-base.js';

const TABLE: readonly (readonly [string, string])[] = [
${table.join('\n')}
];
const numbers: (number | undefined)[] = [];

function op(index: number): number {
  numbers[index] ??= native().findOperator(...(TABLE[index] as [string, string]));
  const number = numbers[index] as number;
  if (number < 0) throw new Error(\`this libtorch has no operator \${TABLE[index]?.join('.')}\`);
  return number;
}

const wrap = (handle: unknown): Tensor => adopt(new Tensor(handle as number));
const wrapAll = (list: unknown): Tensor[] => (list as number[]).map(wrap);
const handles = (tensors: readonly (Tensor | null)[]): (number | null)[] => tensors.map((tensor) => tensor?.handle ?? null);

/** An n-dimensional array of libtorch, with its operators as methods named as in PyTorch. */
export class Tensor extends TensorBase {
${methods.join('\n')}
}

${functions.join('\n')}`;
const path = join(root, 'src/torch/tensor.ts');
writeFileSync(path, output);
execFileSync(join(root, 'node_modules/.bin/biome'), ['check', '--write', '--unsafe', path], { stdio: 'inherit' });
