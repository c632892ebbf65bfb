import assert from 'node:assert/strict';
import { classificationMessage } from '../../../src/messages/classificationMessage.js';
import { MessageEncoder } from '../../../src/messages/definitions/MessageEncoder.js';

describe('classificationMessage', () => {
  const header = { stamp: { sec: 5, nanosec: 6 }, frameId: 'camera', source: '/camera' };
  const results = [
    { index: 7, label: 'cock', score: 0.75 },
    { index: 8, label: 'hen', score: 0.125 },
  ];

  it('keeps the header of the image and names classes by label or index', () => {
    assert.deepEqual(classificationMessage(header, results, 'label'), {
      header: { stamp: { sec: 5, nanosec: 6 }, frame_id: 'camera' },
      results: [
        { class_id: 'cock', score: 0.75 },
        { class_id: 'hen', score: 0.125 },
      ],
    });
    assert.deepEqual(
      classificationMessage(header, results, 'index').results.map(({ class_id: id }) => id),
      ['7', '8'],
    );
  });

  it('is a vision_msgs/msg/Classification', () => {
    new MessageEncoder('vision_msgs/msg/Classification').encode(
      classificationMessage(header, results, 'label'),
    );
  });
});
