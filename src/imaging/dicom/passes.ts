/**
 * The passes over a whole image. They read 32 bits at a time, two samples or four, which halves the time of a pass. The
 * machine is taken to be little-endian, as everywhere in hilum.
 */

type Samples = Uint8Array | Uint16Array;

/** Samples through a table of all values that they can have. */
export function lookUpAll(from: Samples, table: Samples, to: Samples): void {
  const { head, words, tail } = split(from);
  for (let i = 0; i < head; i++) to[i] = table[from[i]!]!;
  if (from.BYTES_PER_ELEMENT === 2) {
    for (let w = 0, i = head; w < words.length; w++, i += 2) {
      const word = words[w]!;
      to[i] = table[word & 0xffff]!;
      to[i + 1] = table[word >>> 16]!;
    }
  } else {
    for (let w = 0, i = head; w < words.length; w++, i += 4) {
      const word = words[w]!;
      to[i] = table[word & 0xff]!;
      to[i + 1] = table[(word >>> 8) & 0xff]!;
      to[i + 2] = table[(word >>> 16) & 0xff]!;
      to[i + 3] = table[word >>> 24]!;
    }
  }
  for (let i = tail; i < from.length; i++) to[i] = table[from[i]!]!;
}

/** For every value that samples can have: 1 where it occurs. */
export function valuesIn(from: Samples): Uint8Array {
  const present = new Uint8Array(2 ** (8 * from.BYTES_PER_ELEMENT));
  const { head, words, tail } = split(from);
  for (let i = 0; i < head; i++) present[from[i]!] = 1;
  if (from.BYTES_PER_ELEMENT === 2) {
    for (let w = 0; w < words.length; w++) {
      const word = words[w]!;
      present[word & 0xffff] = 1;
      present[word >>> 16] = 1;
    }
  } else {
    for (let w = 0; w < words.length; w++) {
      const word = words[w]!;
      present[word & 0xff] = 1;
      present[(word >>> 8) & 0xff] = 1;
      present[(word >>> 16) & 0xff] = 1;
      present[word >>> 24] = 1;
    }
  }
  for (let i = tail; i < from.length; i++) present[from[i]!] = 1;
  return present;
}

/** The whole 32-bit words among samples, `head` samples before and those from `tail` on outside of them. */
function split({ buffer, byteOffset, length, BYTES_PER_ELEMENT: size }: Samples) {
  const head = (-byteOffset & 3) / size;
  if (head >= length) return { head: length, words: new Uint32Array(0), tail: length };
  const words = new Uint32Array(buffer, byteOffset + head * size, ((length - head) * size) >> 2);
  return { head, words, tail: head + (words.length * 4) / size };
}
