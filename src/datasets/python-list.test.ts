import { describe, expect, it } from 'vitest';
import { parsePythonList } from './python-list.js';

describe('lists as Python prints them', () => {
  it.each([
    ["['normal']", ['normal']],
    ['[]', []],
    ['  [ ]  ', []],
    ["['a', 'b',]", ['a', 'b']],
    ["['', ' pleural effusion ', 'x']", ['', ' pleural effusion ', 'x']],
    [`["Kerley's lines", 'a "b" c', u'd']`, ["Kerley's lines", 'a "b" c', 'd']],
    [String.raw`['it\'s', 'a\\b', '\x41\u00e9\U0001F600\n']`, ["it's", 'a\\b', 'Aé😀\n']],
    ["['a, b', 'c]']", ['a, b', 'c]']],
    ["['a',\n 'b']", ['a', 'b']],
  ])('reads %s', (text, expected) => {
    expect(parsePythonList(text)).toEqual(expected);
  });

  it.each([
    'nan',
    '',
    "'a'",
    "['a'",
    "['a' 'b']",
    "['a', nan]",
    '[1, 2]',
    "[['a']]",
    "['a\\']",
    "['a',, 'b']",
    "[,'a']",
    "['a]",
    "('a',)",
  ])('refuses %s', (text) => {
    expect(parsePythonList(text)).toBeUndefined();
  });

  it('reads a very long cell, and refuses one that never ends, at once', () => {
    expect(parsePythonList(`['${'x'.repeat(3_000_000)}']`)![0]).toHaveLength(3_000_000);
    expect(parsePythonList(`['${'\\\\'.repeat(1_000_000)}]`)).toBeUndefined();
  });
});
