import assert from 'node:assert/strict';
import { parse } from '@foxglove/rosmsg';
import { MessageReader } from '@foxglove/rosmsg2-serialization';
import type { RegionResult } from '../../../src/classify/RegionResult.js';
import { classifiedDetectionsMessage } from '../../../src/messages/classifiedDetectionsMessage.js';
import { MessageEncoder } from '../../../src/messages/definitions/MessageEncoder.js';
import { messageDefinition } from '../../../src/messages/definitions/messageDefinition.js';
import {
  DETECTIONS_TYPE,
  type DetectionMessage,
  type DetectionsMessage,
  parseDetectionsCdr,
  regionBoxOf,
} from '../../../src/messages/detectionsMessage.js';
import { assertRefused } from '../../helpers/assertRefused.js';

const header = { stamp: { sec: 7, nanosec: 8 }, frame_id: 'optical' };

function detection(id: string, x: number, theta = 0): DetectionMessage {
  return {
    header,
    results: [
      {
        hypothesis: { class_id: 'sign', score: 0.5 },
        pose: {
          pose: { position: { x: 1, y: 2, z: 3 }, orientation: { x: 0, y: 0, z: 0, w: 1 } },
          covariance: Array.from({ length: 36 }, (_, index) => index),
        },
      },
    ],
    bbox: { center: { position: { x, y: 20.5 }, theta }, size_x: 30, size_y: 10 },
    id,
  };
}

const message: DetectionsMessage = {
  header,
  detections: [detection('знак', 100), detection('', Number.NaN), detection('17', -5)],
};

const encoded = new MessageEncoder(DETECTIONS_TYPE).encode(message);

describe('parseDetectionsCdr', () => {
  it('reads what the encoder writes, and a library reads the same', () => {
    assert.deepEqual(parseDetectionsCdr(encoded, '/detections'), message);
    const reader = new MessageReader(parse(messageDefinition(DETECTIONS_TYPE), { ros2: true }));
    const read = reader.readMessage<{ detections: { id: string; bbox: object }[] }>(encoded);
    assert.deepEqual(
      read.detections.map(({ id }) => id),
      ['знак', '', '17'],
    );
    assert.deepEqual(structuredClone(read.detections[0]?.bbox), message.detections[0]?.bbox);
  });

  it('refuses a message that is cut off anywhere, and a length beyond it', () => {
    for (let length = 0; length < encoded.length; length += 7) {
      assertRefused(
        () => parseDetectionsCdr(encoded.subarray(0, length), '/detections'),
        'BAD_ARGUMENT',
        /Detection2DArray message on \/detections/,
      );
    }
    const huge = encoded.slice();
    // Behind the header of 8 bytes of stamp, 4 of the length and 8 of `optical`: the number of detections.
    new DataView(huge.buffer, huge.byteOffset).setUint32(4 + 20, 0xffffffff, true);
    assertRefused(() => parseDetectionsCdr(huge, '/detections'), 'BAD_ARGUMENT', /is cut off/);
  });
});

describe('regionBoxOf', () => {
  it('is the box around the middle, or around a turned box', () => {
    assert.deepEqual(regionBoxOf(detection('', 100).bbox), {
      leftPx: 85,
      topPx: 15.5,
      widthPx: 30,
      heightPx: 10,
    });
    const turned = regionBoxOf(detection('', 100, Math.PI / 2).bbox);
    assert.ok(Math.abs(turned.widthPx - 10) < 1e-9 && Math.abs(turned.heightPx - 30) < 1e-9);
    assert.ok(Number.isNaN(regionBoxOf(detection('', Number.NaN).bbox).leftPx));
  });
});

describe('classifiedDetectionsMessage', () => {
  const region = { leftPx: 1, topPx: 2, widthPx: 3, heightPx: 4 };
  const regions: RegionResult[] = [
    {
      kind: 'classified',
      region,
      value: [
        { index: 4, label: 'stop', score: 0.75 },
        { index: 2, label: 'yield', score: 0.25 },
      ],
    },
    { kind: 'unknown', cause: 'invalid' },
    { kind: 'classified', region, value: [] },
  ];
  const frameHeader = { stamp: { sec: 7, nanosec: 9 }, frame_id: 'optical' };

  it('replaces the hypotheses, and keeps boxes, ids and order', () => {
    const made = classifiedDetectionsMessage(frameHeader, message, regions, {
      classIdFormat: 'label',
      hypotheses: 'replace',
      results: 'raw',
    });
    assert.deepEqual(made.header, frameHeader);
    assert.deepEqual(
      made.detections.map(({ id, results }) => [id, ...results.map(({ hypothesis }) => hypothesis)]),
      [
        ['знак', { class_id: 'stop', score: 0.75 }, { class_id: 'yield', score: 0.25 }],
        ['', { class_id: 'UNKNOWN', score: 0 }],
        ['17'],
      ],
    );
    assert.deepEqual(
      made.detections.map(({ bbox }) => bbox),
      message.detections.map(({ bbox }) => bbox),
    );
    assert.ok(new MessageEncoder(DETECTIONS_TYPE).encode(made).length > 0);
  });

  it("appends its own behind the detector's", () => {
    const made = classifiedDetectionsMessage(frameHeader, message, regions, {
      classIdFormat: 'index',
      hypotheses: 'append',
      results: 'raw',
    });
    assert.deepEqual(
      made.detections.map(({ results }) => results.map(({ hypothesis }) => hypothesis.class_id)),
      [['sign', '4', '2'], ['sign', 'UNKNOWN'], ['sign']],
    );
    assert.deepEqual(made.detections[0]?.results[0], message.detections[0]?.results[0]);
  });

  it("has each track's smoothed classes where they are asked for, and the raw ones where there is no track", () => {
    const [stop, unknown, none] = regions;
    assert.ok(stop !== undefined && unknown !== undefined && none !== undefined);
    const smoothed = [{ index: 9, label: 'exit', score: 0.5 }];
    const classes = (of: readonly RegionResult[], results: 'raw' | 'smoothed') =>
      classifiedDetectionsMessage(frameHeader, message, of, {
        classIdFormat: 'label',
        hypotheses: 'replace',
        results,
      }).detections.map((one) => one.results.map(({ hypothesis }) => hypothesis.class_id));
    const tracked = [{ ...stop, smoothed }, { ...unknown, smoothed }, none];
    assert.deepEqual(classes(tracked, 'smoothed'), [['exit'], ['exit'], []]);
    assert.deepEqual(classes(tracked, 'raw'), [['stop', 'yield'], ['UNKNOWN'], []]);
    const begun = [stop, { ...unknown, smoothed: [] }, { ...none, smoothed: [] }];
    assert.deepEqual(classes(begun, 'smoothed'), [['stop', 'yield'], ['UNKNOWN'], []]);
  });
});
