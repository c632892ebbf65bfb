import assert from 'node:assert/strict';
import { CdrReader } from '@foxglove/cdr';
import fc from 'fast-check';
import { classificationCdr } from '../../../src/messages/classificationCdr.js';
import { classificationMessage } from '../../../src/messages/classificationMessage.js';
import { MessageEncoder } from '../../../src/messages/definitions/MessageEncoder.js';

/** Read by a library that did not write it; its strings are Latin-1, CDR's are UTF-8. */
function read(bytes: Uint8Array): ReturnType<typeof classificationMessage> {
  const reader = new CdrReader(bytes);
  const string = (): string => Buffer.from(reader.uint8Array(reader.uint32())).toString('utf8').slice(0, -1);
  const stamp = { sec: reader.int32(), nanosec: reader.uint32() };
  const header = { stamp, frame_id: string() };
  const count = reader.uint32();
  const results = Array.from({ length: count }, () => ({ class_id: string(), score: reader.float64() }));
  assert.equal(reader.decodedBytes, bytes.byteLength);
  return { header, results };
}

const encoder = new MessageEncoder('vision_msgs/msg/Classification');

describe('classificationCdr', () => {
  it('says what classificationMessage says, whatever the texts and however many results', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((value) => !value.includes('\0'));
    const result = fc.record({
      index: fc.nat(100_000),
      label: text,
      score: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const header = fc.record({
      stamp: fc.record({ sec: fc.integer(), nanosec: fc.nat(999_999_999) }),
      frameId: text,
      source: fc.constant('/camera'),
    });
    fc.assert(
      fc.property(header, fc.array(result), fc.constantFrom('label', 'index'), (head, results, format) => {
        const bytes = classificationCdr(head, results, format);
        const message = classificationMessage(head, results, format);
        assert.deepEqual(read(bytes), message);
        // Byte for byte what the general encoder writes, the padding too.
        assert.deepEqual(new Uint8Array(bytes), encoder.encode(message).slice());
      }),
    );
  });
});
