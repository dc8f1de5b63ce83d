import { crc32 } from 'node:zlib';

const LIMIT_32 = 0xffffffff;
/** PyTorch lets the data of every record begin at a multiple of this (caffe2/serialize/inline_container.h). */
const ALIGNMENT = 64;
/** The number of the header field that pads: 'FB', as PyTorch's. */
const PADDING_FIELD = 0x4246;
const VERSION = 20;
const VERSION_ZIP64 = 45;
/** 1 January 1980: the format's first day, so that the same content gives the same file. */
const DATE = 0x21;

export interface ZipRecord {
  name: string;
  /** Made when its turn comes, and let go once it is written. */
  content: () => Uint8Array;
}

/**
 * The parts of a ZIP archive, uncompressed, each record's data at a multiple of 64 bytes (PKWARE, APPNOTE.TXT 6.3,
 * sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16). An archive may pass 4 GiB; a record may not (RangeError).
 */
export function* zipArchive(records: Iterable<ZipRecord>): Generator<Uint8Array> {
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content } of records) {
    const data = content();
    if (data.length >= LIMIT_32) throw new RangeError(`${name}: ${data.length} bytes, over the 4 GiB of one record`);
    const common = { name: Buffer.from(name), crc: crc32(data), length: data.length, offset };
    const header = localHeader(common);
    directory.push(centralHeader(common));
    yield header;
    yield data;
    offset += header.length + data.length;
  }
  const central = Buffer.concat(directory);
  yield central;
  yield closing(directory.length, central.length, offset);
}

interface Entry {
  name: Buffer;
  crc: number;
  length: number;
  offset: number;
}

function localHeader({ name, crc, length, offset }: Entry): Buffer {
  const unpadded = offset + 30 + name.length + 4;
  const padding = 4 + ((ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(VERSION, 4);
  header.writeUInt16LE(DATE, 12);
  header.writeUInt32LE(crc, 14);
  header.writeUInt32LE(length, 18);
  header.writeUInt32LE(length, 22);
  header.writeUInt16LE(name.length, 26);
  header.writeUInt16LE(padding, 28);
  const field = Buffer.alloc(padding, 'Z');
  field.writeUInt16LE(PADDING_FIELD, 0);
  field.writeUInt16LE(padding - 4, 2);
  return Buffer.concat([header, name, field]);
}

function centralHeader({ name, crc, length, offset }: Entry): Buffer {
  const far = offset >= LIMIT_32;
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(far ? VERSION_ZIP64 : VERSION, 4);
  header.writeUInt16LE(far ? VERSION_ZIP64 : VERSION, 6);
  header.writeUInt16LE(DATE, 14);
  header.writeUInt32LE(crc, 16);
  header.writeUInt32LE(length, 20);
  header.writeUInt32LE(length, 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt16LE(far ? 12 : 0, 30);
  header.writeUInt32LE(far ? LIMIT_32 : offset, 42);
  if (!far) return Buffer.concat([header, name]);
  const field = Buffer.alloc(12);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(8, 2);
  field.writeBigUInt64LE(BigInt(offset), 4);
  return Buffer.concat([header, name, field]);
}

/** What ends the archive, whose directory begins at `offset`. */
function closing(records: number, bytes: number, offset: number): Buffer {
  const far = offset + bytes >= LIMIT_32 || records >= 0xffff;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(records, 0xffff), 8);
  end.writeUInt16LE(Math.min(records, 0xffff), 10);
  end.writeUInt32LE(far ? LIMIT_32 : bytes, 12);
  end.writeUInt32LE(far ? LIMIT_32 : offset, 16);
  if (!far) return end;
  const end64 = Buffer.alloc(56);
  end64.writeUInt32LE(0x06064b50, 0);
  end64.writeBigUInt64LE(44n, 4);
  end64.writeUInt16LE(VERSION_ZIP64, 12);
  end64.writeUInt16LE(VERSION_ZIP64, 14);
  end64.writeBigUInt64LE(BigInt(records), 24);
  end64.writeBigUInt64LE(BigInt(records), 32);
  end64.writeBigUInt64LE(BigInt(bytes), 40);
  end64.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(offset + bytes), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([end64, locator, end]);
}
