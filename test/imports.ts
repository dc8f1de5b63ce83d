import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

/** One import statement, dynamic import, re-export or worker of a file; paths are relative to the repository. */
export interface Import {
  from: string;
  /** The imported file, with its real ending (`.ts`); a package's name for what is not relative. */
  to: string;
}

const COMMENTS = /\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm;
const SPECIFIERS = [
  /^\s*(?:import|export)\s[^'"`;]*?\sfrom\s*['"]([^'"]+)['"]/gm,
  /^\s*(?:import|export)\s*\{[^}]*\}\s*from\s*['"]([^'"]+)['"]/gm,
  /^\s*import\s*['"]([^'"]+)['"]/gm,
  /\bimport\(\s*['"]([^'"]+)['"]/gm,
  /\bnew URL\(\s*['"](\.[^'"]+\.[jt]s)['"]/gm,
];

/** The imports in a file's text. `path` is relative to the repository. */
export function importsOf(path: string, text: string): Import[] {
  const code = text.replace(COMMENTS, '$1');
  const specifiers = SPECIFIERS.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1]!));
  return [...new Set(specifiers)].map((specifier) => ({
    from: path,
    to: specifier.startsWith('.') ? normalize(join(dirname(path), specifier)).replace(/\.js$/, '.ts') : specifier,
  }));
}

/** The imports of every TypeScript file below the folders. */
export function importsBelow(root: string, folders: string[]): Import[] {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .flatMap((path) => importsOf(relative(root, path), readFileSync(path, 'utf8')));
}

/** The circles among files: each as the chain of files that leads back to its first. */
export function circles(imports: Import[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const found: string[][] = [];
  const done = new Set<string>();
  const chain: string[] = [];
  const visit = (file: string) => {
    const at = chain.indexOf(file);
    if (at >= 0) found.push([...chain.slice(at), file]);
    if (at >= 0 || done.has(file)) return;
    chain.push(file);
    for (const to of next.get(file) ?? []) visit(to);
    chain.pop();
    done.add(file);
  };
  for (const file of next.keys()) visit(file);
  return found;
}
