/**
 * Text in Helvetica, one of the 14 fonts that every PDF reader has (ISO 32000-1, 9.6.2.2): the widths of its Adobe Font
 * Metrics and the codes of WinAnsiEncoding, with `minus`, `lessequal` and `greaterequal` at codes that it leaves free.
 */
const WIDTHS = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
  556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
  722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
  556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
  260, 334, 584,
];

export const ENCODING =
  '<< /Type /Encoding /BaseEncoding /WinAnsiEncoding /Differences [1 /minus /lessequal /greaterequal] >>';

const CODES: Record<string, { code: number; width: number }> = {
  '\u2212': { code: 1, width: 584 },
  '\u2264': { code: 2, width: 549 },
  '\u2265': { code: 3, width: 549 },
  '\u2026': { code: 0x85, width: 1000 },
  '\u2020': { code: 0x86, width: 556 },
  '\u2013': { code: 0x96, width: 556 },
  '\u2014': { code: 0x97, width: 1000 },
};

/** Width in the units of `size`. A letter that Helvetica lacks counts as wide as an `m`. */
export function textWidth(text: string, size: number): number {
  let width = 0;
  for (const char of text) width += widthOf(char);
  return (width * size) / 1000;
}

function widthOf(char: string): number {
  // An accent does not change the width of its letter.
  const base = char.normalize('NFD').charCodeAt(0);
  return CODES[char]?.width ?? WIDTHS[base - 32] ?? 833;
}

/** The codes of a text, or the first character that the font does not have. */
export function encoded(text: string): { codes: number[] } | { missing: string } {
  const codes: number[] = [];
  for (const char of text) {
    const at = char.codePointAt(0)!;
    const code = CODES[char]?.code ?? ((at >= 32 && at < 127) || (at >= 0xa0 && at < 0x100) ? at : undefined);
    if (code === undefined) return { missing: char };
    codes.push(code);
  }
  return { codes };
}
