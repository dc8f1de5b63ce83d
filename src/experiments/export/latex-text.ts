const SPECIAL: Record<string, string> = {
  '\\': '\\textbackslash{}',
  '^': '\\textasciicircum{}',
  '~': '\\textasciitilde{}',
  '`': '\\textasciigrave{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '[': '{[}',
  ']': '{]}',
  '\u00a0': '~',
  '\u00b5': '$\\mu$',
  '\u00b7': '$\\cdot$',
  '\u00b9': '$^1$',
  '\u00b2': '$^2$',
  '\u00b3': '$^3$',
  '\u00b1': '$\\pm$',
  '\u00d7': '$\\times$',
  '\u00f7': '$\\div$',
  '\u2013': '--',
  '\u2014': '---',
  '\u2020': '\\dag{}',
  '\u2026': '\\dots{}',
  '\u2190': '$\\leftarrow$',
  '\u2192': '$\\rightarrow$',
  '\u2212': '$-$',
  '\u221e': '$\\infty$',
  '\u2248': '$\\approx$',
  '\u2260': '$\\neq$',
  '\u2264': '$\\leq$',
  '\u2265': '$\\geq$',
};

const GREEK = {
  '\u03b1': 'alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi',
  '\u03c0': 'pi rho varsigma sigma tau upsilon varphi chi psi omega',
};
for (const [first, names] of Object.entries(GREEK)) {
  for (const [i, name] of names.split(' ').entries()) {
    SPECIAL[String.fromCharCode(first.charCodeAt(0) + i)] = `$\\${name}$`;
  }
}
for (const name of ['Gamma', 'Delta', 'Theta', 'Lambda', 'Xi', 'Pi', 'Sigma', 'Phi', 'Psi', 'Omega']) {
  const lower = Object.entries(SPECIAL).find(([, value]) => value.replace('var', '') === `$\\${name.toLowerCase()}$`)!;
  SPECIAL[lower[0].toUpperCase()] = `$\\${name}$`;
}

/**
 * Letters beyond ASCII that pdfLaTeX shows with its own fonts (inputenc's tables for T1 and TS1; Latin Extended-A without the
 * few that have no T1 glyph, the Romanian and Czech letters, typographic quotes and the like).
 */
const OWN =
  /[\u00a1-\u00b7\u00b9-\u0125\u0128-\u0137\u0139-\u013e\u0141-\u0148\u014a-\u0165\u0168-\u017e\u0218-\u021b\u1e9e\u2010-\u2015\u2018-\u201a\u201c-\u201e\u2020-\u2022\u2030\u2039\u203a\u20ac\u2116\u2122\u2126]/u;

/** Where a file has letters that pdfLaTeX lacks: what they become. A document may define it in another way before. */
export const LETTERS_MACRO =
  '% Letters that pdfLaTeX has not: XeLaTeX and LuaLaTeX show them (with a font that has them), pdfLaTeX their code points.\n' +
  '\\providecommand{\\hilumletters}[2]{\\ifdefined\\Umathchar#1\\else\\texttt{#2}\\fi}\n';

/** Makes text literal. Brackets are wrapped: after `\\` they would be its option. */
export function escapeLatex(text: string): string {
  return text
    .normalize('NFC')
    .replace(/[^\S\u00a0]+/g, ' ')
    .replace(/(^|[\s(])"/g, '$1\u201c')
    .replaceAll('"', '\u201d')
    .replace(/[\u0080-\u{10ffff}]+|[#$%&_{}\\^~`<>|[\]]|-(?=-)/gu, (found) => {
      if (found === '-') return '-{}';
      // Names like Pleural_Thickening may break in a narrow column.
      if (found === '_') return '\\_\\allowbreak{}';
      if (/[#$%&{}]/.test(found)) return `\\${found}`;
      return runs(found);
    });
}

function runs(text: string): string {
  let latex = '';
  let missing = '';
  const flush = () => {
    if (missing) latex += `\\hilumletters{${missing}}{${[...missing].map(codePoint).join(' ')}}`;
    missing = '';
  };
  for (const char of text) {
    const own = SPECIAL[char] ?? (OWN.test(char) || char < '\u0080' ? char : undefined);
    if (own === undefined) missing += char;
    else {
      flush();
      latex += own;
    }
  }
  flush();
  return latex;
}

const codePoint = (char: string) => `U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
