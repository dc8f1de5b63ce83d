/** The numbers of a column, and what it holds beside them. */
export class Cells {
  readonly values: number[] = [];
  numbers = 0;
  /** The first cell that is no number. */
  wrong: { at: string; text: string } | undefined;
  /** Whether there was a number with a decimal comma. */
  commas = false;
  private readonly decimal: '.' | ',';

  /** Where fields are not parted by commas, numbers may have one for the decimal point. */
  constructor(separator: string) {
    this.decimal = separator === ',' ? '.' : ',';
  }

  /** Takes the next cell; `at` says where it stands. */
  add(text: string, at: string): void {
    const cell = text.trim();
    const value = this.read(cell);
    if (Number.isFinite(value)) this.numbers++;
    else if (!UNKNOWN.test(cell)) this.wrong ??= { at, text: cell };
    this.values.push(value);
  }

  /** Whether the first cell that is none looks like a number, so that the column is none of texts. */
  get almostNumbers(): boolean {
    return this.wrong !== undefined && /^[-+]?\d+([.,]\d+)?\s*%?$/.test(this.wrong.text);
  }

  private read(cell: string): number {
    if (UNKNOWN.test(cell)) return NaN;
    if (this.decimal === ',' && COMMA.test(cell)) {
      this.commas = true;
      return Number(cell.replace(',', '.'));
    }
    return BOOLEANS[cell.toLowerCase()] ?? Number(cell);
  }
}

/** What to do about a cell that should have been a number; undefined where nobody knows. */
export function adviceFor(text: string): string | undefined {
  if (text.endsWith('%')) return 'Write numbers without the percent sign.';
  if (COMMA.test(text)) return 'Write numbers with a decimal point, or part the fields by semicolons.';
  if (/^(yes|no|y|n|pos|neg|positive|negative|present|absent)$/i.test(text)) return 'Write 1 for yes and 0 for no.';
  return undefined;
}

const COMMA = /^[-+]?\d+,\d+(e[-+]?\d+)?$/i;
const UNKNOWN = /^(|nan|na|n\/a|null|none)$/i;
const BOOLEANS: Record<string, number> = { true: 1, false: 0 };
