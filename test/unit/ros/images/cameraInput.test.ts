import assert from 'node:assert/strict';
import { compressedTopic, InputChoice, offeredInputs } from '../../../../src/ros/images/cameraInput.js';

const IMAGE = 'sensor_msgs/msg/Image';
const COMPRESSED = 'sensor_msgs/msg/CompressedImage';
const HBM = 'hbm_img_msgs/msg/HbmMsg1080P';

const input = (type: string, topic = '/cam') => ({ type, topic });

describe('offeredInputs', () => {
  const offered = (graph: Readonly<Record<string, readonly string[]>>, topic = '/cam') =>
    offeredInputs(topic, (name) => graph[name] ?? []);

  it('prefers pixels to what has to be decoded, and the own topic to the one beside it', () => {
    assert.deepEqual(
      offered({
        '/cam': [COMPRESSED, 'std_msgs/msg/String', HBM, IMAGE, IMAGE],
        '/cam/compressed': [COMPRESSED],
      }),
      [input(IMAGE), input(HBM), input(COMPRESSED), input(COMPRESSED, '/cam/compressed')],
    );
  });

  it('finds nothing in what is no image', () => {
    assert.deepEqual(offered({ '/cam': ['std_msgs/msg/String'], '/cam/compressed': [IMAGE] }), []);
    assert.deepEqual(offered({}), []);
  });

  it('does not double the suffix of image_transport', () => {
    assert.equal(compressedTopic('/cam'), '/cam/compressed');
    assert.equal(compressedTopic('/cam/compressed'), '/cam/compressed');
    assert.deepEqual(offered({ '/cam/compressed': [COMPRESSED] }, '/cam/compressed'), [
      input(COMPRESSED, '/cam/compressed'),
    ]);
  });
});

describe('InputChoice', () => {
  const choice = () => new InputChoice(input(IMAGE));

  it('stays with the first one while nothing is offered', () => {
    const one = choice();
    assert.equal(one.update([], true), false);
    assert.deepEqual(one.current, input(IMAGE));
  });

  it('takes the best of what is offered, and keeps it while better ones come', () => {
    const one = choice();
    assert.equal(one.update([input(HBM), input(COMPRESSED)], true), true);
    assert.deepEqual(one.current, input(HBM));
    assert.equal(one.update([input(IMAGE), input(HBM), input(COMPRESSED)], false), false);
    assert.deepEqual(one.current, input(HBM));
  });

  it('goes over to another type when the publisher has gone', () => {
    const one = choice();
    one.update([input(IMAGE)], false);
    assert.equal(one.update([], true), false);
    assert.equal(one.update([input(COMPRESSED)], false), true);
    assert.deepEqual(one.current, input(COMPRESSED));
  });

  it('goes over to one that came later when the present one is silent: its publisher may be dead', () => {
    const one = choice();
    one.update([input(IMAGE)], false);
    assert.equal(one.update([input(IMAGE), input(HBM)], false), false);
    assert.equal(one.update([input(IMAGE), input(HBM)], true), true);
    assert.deepEqual(one.current, input(HBM));
  });

  it('does not go to and fro between two that are both silent', () => {
    const one = choice();
    const both = [input(IMAGE), input(COMPRESSED, '/cam/compressed')];
    for (let round = 0; round < 5; round++) assert.equal(one.update(both, true), round === -1);
    assert.deepEqual(one.current, input(IMAGE));
  });
});
