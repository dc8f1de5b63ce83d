/** What the command line prints in this process, for tests that replace `cli/output.ts`: `vi.mock(PATH, capturing)`. */
export const printed = { out: '', err: '' };

export async function capturing(original: () => Promise<unknown>): Promise<object> {
  return {
    ...((await original()) as object),
    print: (text: string) => {
      printed.out += text;
    },
    printJson: (value: unknown) => {
      printed.out += JSON.stringify(value);
    },
    note: (text: string) => {
      printed.err += `${text}\n`;
    },
  };
}
