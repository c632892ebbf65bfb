import assert from 'node:assert/strict';
import { playableTopic, rosTopicName } from '../../../../src/ros/playback/playableTopic.js';

const topic = { name: '/cam', type: 'sensor_msgs/msg/Image', encoding: 'cdr' };

describe('playableTopic', () => {
  it('gives a topic the name and the type that it has in ROS 2', () => {
    const expected = { name: '/camera/image', type: 'sensor_msgs/msg/Image', isBestEffort: true };
    for (const name of ['camera/image', '/camera/image']) {
      for (const type of ['sensor_msgs/msg/Image', 'sensor_msgs/Image']) {
        assert.deepEqual(playableTopic({ name, type, encoding: 'cdr', isBestEffort: true }, true), expected);
        assert.equal(rosTopicName(name), '/camera/image');
      }
    }
  });

  it('says why a topic cannot be published', () => {
    const reason = (change: Partial<typeof topic>, isClockTold = false) =>
      String(playableTopic({ ...topic, ...change }, isClockTold));
    for (const encoding of ['json', 'protobuf', 'ros1']) {
      assert.match(
        reason({ encoding }),
        new RegExp(`its messages are ${encoding}, and ROS 2 takes cdr: convert`),
      );
    }
    assert.match(reason({ encoding: '' }), /of no named encoding/);
    for (const name of ['/a b', '/1st', '/a//b', '/a/', '/', '', '/a-b', '/ä']) {
      assert.match(reason({ name }), /no name of a ROS topic/, name);
    }
    assert.match(reason({ name: '/clock' }, true), /--clock tells the recording's time instead/);
    assert.equal(typeof playableTopic({ ...topic, name: '/clock' }, false), 'object');
  });
});
