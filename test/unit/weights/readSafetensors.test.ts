import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { EffvitError } from '../../../src/core/EffvitError.js';
import {
  parseSafetensorsHeader,
  readSafetensors,
  readSafetensorsHeader,
} from '../../../src/weights/readSafetensors.js';
import { writeSafetensors } from '../../helpers/writeSafetensors.js';

/** A file as the format has it: length, JSON, data. */
function file(header: unknown, data: Uint8Array = new Uint8Array(), lengthBytes?: bigint): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(lengthBytes ?? BigInt(text.length));
  return Buffer.concat([prefix, text, data]);
}

const entry = (dtype: string, shape: unknown, offsets: unknown): object => ({
  dtype,
  shape,
  data_offsets: offsets,
});

describe('safetensors', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'effvit-weights-'));
    path = join(folder, 'model.safetensors');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('come back as they were written, f32 and f16', async () => {
    const tensors = new Map([
      ['b', { dims: [2, 2], data: Float32Array.of(1, -2.5, 0, 65504) }],
      ['a', { dims: [], data: Float32Array.of(3) }],
      ['empty', { dims: [0, 5], data: new Float32Array() }],
      ['__proto__', { dims: [1], data: Float32Array.of(9) }],
    ]);
    const metadata = new Map([['format', 'pt']]);
    for (const dtype of ['F32', 'F16'] as const) {
      await writeSafetensors(path, tensors, { dtype, metadata });
      const read = await readSafetensors(path);
      assert.deepEqual(read.metadata, metadata);
      assert.deepEqual([...read.tensors.keys()].sort(), [...tensors.keys()].sort());
      for (const [name, tensor] of tensors) {
        assert.deepEqual(read.tensors.get(name), { ...tensor, storedAs: dtype });
      }
      const header = await readSafetensorsHeader(path);
      assert.deepEqual(header.entries.find((item) => item.name === 'b')?.dims, [2, 2]);
    }
  });

  it('are not written where float16 or the shape cannot hold the values', async () => {
    const large = new Map([['x', { dims: [1], data: Float32Array.of(70000) }]]);
    await assert.rejects(writeSafetensors(path, large, { dtype: 'F16' }), { message: /"x" holds 70000/ });
    const odd = new Map([['x', { dims: [2], data: Float32Array.of(1) }]]);
    await assert.rejects(writeSafetensors(path, odd), { code: 'BAD_WEIGHTS' });
    assert.deepEqual(await readdir(folder), []);
  });

  it('are read in every number type', async () => {
    const types: [string, ArrayBuffer][] = [
      ['F64', Float64Array.of(1.5, -2).buffer],
      ['BF16', Uint16Array.of(0x3fc0, 0xc000).buffer],
      ['I64', BigInt64Array.of(1n, -2n).buffer],
      ['U64', BigUint64Array.of(1n, 2n).buffer],
      ['I32', Int32Array.of(1, -2).buffer],
      ['U32', Uint32Array.of(1, 2).buffer],
      ['I16', Int16Array.of(1, -2).buffer],
      ['U16', Uint16Array.of(1, 2).buffer],
      ['I8', Int8Array.of(1, -2).buffer],
      ['U8', Uint8Array.of(1, 2).buffer],
      ['BOOL', Uint8Array.of(1, 0).buffer],
    ];
    const wanted: Record<string, number[]> = { F64: [1.5, -2], BF16: [1.5, -2], BOOL: [1, 0] };
    for (const [dtype, buffer] of types) {
      await writeFile(path, file({ x: entry(dtype, [2], [0, buffer.byteLength]) }, new Uint8Array(buffer)));
      const { tensors } = await readSafetensors(path);
      const values = wanted[dtype] ?? (dtype.startsWith('U') ? [1, 2] : [1, -2]);
      assert.deepEqual(Array.from(tensors.get('x')?.data ?? []), values, dtype);
    }
    await writeFile(path, file({ x: entry('F8_E4M3', [2], [0, 2]) }, new Uint8Array(2)));
    await assert.rejects(readSafetensors(path), { code: 'UNSUPPORTED', message: /"x" is F8_E4M3/ });
  });

  it('are refused in one sentence where the header lies', async () => {
    const data = new Uint8Array(8);
    const cases: [RegExp, Buffer][] = [
      [/only 3 bytes/, Buffer.from('abc')],
      [/header would have 1152921504606846976 bytes/, file({}, data, 2n ** 60n)],
      [/header would have 18446744073709551615 bytes/, file({}, data, 2n ** 64n - 1n)],
      [/header would have 200000000 bytes/, file({}, data, 200_000_000n)],
      [/header would have 0 bytes/, file('', data, 0n)],
      [/not JSON/, file('{"a":', data)],
      [/not JSON/, file('['.repeat(1_000_000), data)],
      [/not a JSON object/, file('[1]', data)],
      [
        /"a" occurs in it twice/,
        file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"\\u0061":1}', data),
      ],
      [/"a" is not described/, file({ a: 1 }, data)],
      [/unknown dtype "toString"/, file({ a: entry('toString', [2], [0, 8]) }, data)],
      [/impossible shape \[-2\]/, file({ a: entry('F32', [-2], [0, 8]) }, data)],
      [/impossible shape "x"/, file({ a: entry('F32', 'x', [0, 8]) }, data)],
      [/impossible shape/, file({ a: entry('F32', [1.5], [0, 8]) }, data)],
      [/impossible data_offsets/, file({ a: entry('F32', [2], [0]) }, data)],
      [
        /is at bytes 0 to 1152921504606847000|impossible data_offsets/,
        file({ a: entry('F32', [2], [0, 2 ** 60]) }, data),
      ],
      [/is at bytes 0 to 12/, file({ a: entry('F32', [3], [0, 12]) }, data)],
      [/is at bytes 8 to 4/, file({ a: entry('F32', [1], [8, 4]) }, data)],
      [/does not take the 8 bytes/, file({ a: entry('F32', [3], [0, 8]) }, data)],
      [/does not take the 8 bytes/, file({ a: entry('F32', [2 ** 40, 2 ** 40], [0, 8]) }, data)],
      [
        /"b" overlaps the tensor before it, at byte 4/,
        file({ a: entry('F32', [2], [0, 8]), b: entry('F32', [1], [4, 8]) }, data),
      ],
      [/"a" leaves a gap before it, at byte 4/, file({ a: entry('F32', [1], [4, 8]) }, data)],
      [/take 4 bytes, but the file has 8/, file({ a: entry('F32', [1], [0, 4]) }, data)],
      [/__metadata__ is not an object of strings/, file({ __metadata__: { a: 1 } })],
    ];
    for (const [message, content] of cases) {
      await writeFile(path, content);
      await assert.rejects(readSafetensors(path), { code: 'BAD_WEIGHTS', message }, String(message));
    }
    await assert.rejects(readSafetensors(join(folder, 'none')), { code: 'NOT_FOUND' });
    await assert.rejects(readSafetensors(folder), { code: 'BAD_WEIGHTS', message: /a folder/ });
  });

  it('cut short anywhere are refused', async () => {
    await writeSafetensors(path, new Map([['x', { dims: [4], data: new Float32Array(4) }]]));
    const whole = await import('node:fs/promises').then(({ readFile }) => readFile(path));
    for (let length = 0; length < whole.length; length++) {
      await writeFile(path, whole.subarray(0, length));
      await assert.rejects(readSafetensors(path), { code: 'BAD_WEIGHTS' }, `${length} bytes`);
    }
  });

  it('never bring anything but an EffvitError out of a header, and nothing outside the data', () => {
    const lengths = fc.oneof(
      fc.nat(20),
      fc.integer(),
      fc.double(),
      fc.constantFrom(2 ** 53, 1e300, '4', null),
    );
    const entries = fc.record({
      dtype: fc.oneof(fc.constantFrom('F32', 'F16', 'I64', 'U8', '__proto__'), fc.anything()),
      shape: fc.oneof(
        fc.array(fc.nat(4), { maxLength: 3 }),
        fc.array(lengths, { maxLength: 3 }),
        fc.anything(),
      ),
      data_offsets: fc.oneof(
        fc.tuple(fc.nat(16), fc.nat(16)),
        fc.array(lengths, { maxLength: 3 }),
        fc.anything(),
      ),
    });
    const headers = fc.oneof(
      fc.dictionary(fc.string(), fc.oneof(entries, fc.anything())).map((value) => JSON.stringify(value)),
      fc.json(),
      fc.string(),
    );
    fc.assert(
      fc.property(headers, fc.nat(16), (text, dataBytes) => {
        try {
          const header = parseSafetensorsHeader(text, dataBytes, 'x');
          for (const item of header.entries) {
            assert.ok(item.beginBytes >= 0 && item.beginBytes <= item.endBytes && item.endBytes <= dataBytes);
          }
        } catch (error) {
          assert.ok(error instanceof EffvitError, String(error));
          assert.equal(error.code, 'BAD_WEIGHTS');
        }
      }),
      { numRuns: 2000 },
    );
  });
});
