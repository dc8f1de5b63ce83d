const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', '\n': '' };

const ESCAPE = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U(000[\da-fA-F]{5}|0010[\da-fA-F]{4})|(.))/gs;

/** One element: a string literal in either kind of quotes, with escapes. */
const LITERAL = /\s*u?(?:'([^'\\]*(?:\\.[^'\\]*)*)'|"([^"\\]*(?:\\.[^"\\]*)*)")\s*/sy;

/**
 * Reads a list of strings as Python prints it, e.g. `['cardiomegaly', "Kerley's lines"]`: quotes of both kinds, escapes, a comma at
 * the end. Undefined for anything else, nested lists and numbers included.
 * https://docs.python.org/3/reference/lexical_analysis.html#string-and-bytes-literals
 */
export function parsePythonList(text: string): string[] | undefined {
  const list = text.trim();
  if (!list.startsWith('[') || !list.endsWith(']')) return undefined;
  const inner = list.slice(1, -1);
  const strings: string[] = [];
  for (let at = 0; inner.slice(at).trim() !== ''; at++) {
    LITERAL.lastIndex = at;
    const literal = LITERAL.exec(inner);
    if (!literal) return undefined;
    strings.push(unescaped(literal[1] ?? literal[2]!));
    at += literal[0].length;
    if (at < inner.length && inner[at] !== ',') return undefined;
  }
  return strings;
}

function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(ESCAPE, (_, byte, short, long, other) => {
    const code = byte ?? short ?? long;
    return code ? String.fromCodePoint(Number.parseInt(code, 16)) : (ESCAPES[other] ?? other);
  });
}
