import type { Refuse } from './checkpoint.js';

const WINDOW = 1 << 18;
const LONGEST_LINE = 1 << 16;

/** Bytes in order from a part of a file, through a window. Every reader throws an InputError where they end too early. */
export class ByteSource {
  private window: Buffer = Buffer.alloc(0);
  /** Within the window. */
  private at = 0;

  constructor(
    private readonly read: (position: number, length: number) => Buffer,
    /** Of the end of the window. */
    private ahead: number,
    private readonly end: number,
    private readonly refuse: Refuse,
  ) {}

  /** Of the next byte. */
  get position(): number {
    return this.ahead - this.window.length + this.at;
  }

  byte(): number {
    if (this.at >= this.window.length) this.fill(1);
    return this.window[this.at++]!;
  }

  /** The next bytes; they stay valid, and hold no more memory alive than the window they came with. */
  bytes(count: number): Buffer {
    if (this.at + count > this.window.length) this.fill(count);
    this.at += count;
    return this.window.subarray(this.at - count, this.at);
  }

  /** Up to the next line feed, which is skipped. */
  line(): string {
    let length = this.window.indexOf(10, this.at) - this.at;
    if (length < 0) {
      this.fill(Math.min(LONGEST_LINE, this.end - this.position));
      length = this.window.indexOf(10, this.at) - this.at;
    }
    if (length < 0 || length > LONGEST_LINE) throw this.refuse(`a pickle with a line that does not end`);
    const line = this.bytes(length).toString('latin1');
    this.at++;
    return line;
  }

  private fill(count: number): void {
    const { position } = this;
    if (count > this.end - position) throw this.refuse('a pickle that is cut off');
    this.window = this.read(position, Math.min(Math.max(count, WINDOW), this.end - position));
    this.ahead = position + this.window.length;
    this.at = 0;
  }
}
