/** Where a running experiment shows how far it is; the command line's progress lines fit. */
export interface ProgressSink {
  start(task: { name: string; total: number; unit: string; done?: number }): {
    update(done: number, note?: string, total?: number): void;
    end(note?: string): void;
  };
  print(text: string): void;
}
