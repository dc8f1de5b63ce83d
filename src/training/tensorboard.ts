/**
 * Scalars as TensorBoard reads them: an event file of TFRecords, each a serialized `Event` message.
 * Formats: tensorflow/core/lib/io/record_writer.cc; tensorflow/core/util/event.proto; framework/summary.proto.
 */

/** The first record of every event file. */
export function versionRecord(wallTime: number): Uint8Array {
  return record(concatenate([double(1, wallTime), bytes(3, Buffer.from('brain.Event:2'))]));
}

/** One record with scalars of one step. `wallTime` in seconds since 1970; values are stored as float32. */
export function scalarRecord(step: number, wallTime: number, scalars: Record<string, number>): Uint8Array {
  const values = Object.entries(scalars).map(([tag, value]) =>
    bytes(1, concatenate([bytes(1, Buffer.from(tag)), float(2, value)])),
  );
  return record(concatenate([double(1, wallTime), integer(2, step), bytes(5, concatenate(values))]));
}

/** TFRecord: length (uint64), its masked CRC, data, its masked CRC; little-endian. */
function record(data: Uint8Array): Uint8Array {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return concatenate([length, checksum(length), data, checksum(data)]);
}

function checksum(data: Uint8Array): Uint8Array {
  const crc = crc32c(data);
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  const result = Buffer.alloc(4);
  result.writeUInt32LE(masked);
  return result;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** CRC-32C (Castagnoli), reflected, polynomial 0x1EDC6F41 (RFC 3720, appendix B.4). */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
}

// Protocol buffers' wire format: a key of field number and wire type, then the value.
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

const key = (field: number, wireType: number) => Uint8Array.of((field << 3) | wireType);

function varint(value: number): Uint8Array {
  const result: number[] = [];
  let rest = BigInt(value);
  for (; rest > 0x7fn; rest >>= 7n) result.push(Number(rest & 0x7fn) | 0x80);
  result.push(Number(rest));
  return Uint8Array.from(result);
}

const integer = (field: number, value: number) => concatenate([key(field, VARINT), varint(value)]);

const bytes = (field: number, value: Uint8Array) =>
  concatenate([key(field, LENGTH_DELIMITED), varint(value.length), value]);

function double(field: number, value: number): Uint8Array {
  const data = Buffer.alloc(8);
  data.writeDoubleLE(value);
  return concatenate([key(field, FIXED64), data]);
}

function float(field: number, value: number): Uint8Array {
  const data = Buffer.alloc(4);
  data.writeFloatLE(value);
  return concatenate([key(field, FIXED32), data]);
}

const concatenate = (parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);
