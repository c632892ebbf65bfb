import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { parse } from '@foxglove/rosmsg';
import { packagePath } from '../../../../src/core/packageRoot.js';
import { messageDefinition } from '../../../../src/messages/definitions/messageDefinition.js';
import { STANDARD_DEFINITIONS } from '../../../../src/messages/definitions/standardDefinitions.js';

const OWN = readdirSync(packagePath('msg')).map((name) => `effvit/msg/${name.replace('.msg', '')}`);
const OTHERS = ['vision_msgs', 'ai_msgs'].flatMap((packageName) =>
  readdirSync(packagePath('ros', packageName, 'msg')).map(
    (name) => `${packageName}/msg/${name.replace('.msg', '')}`,
  ),
);

describe('messageDefinition', () => {
  for (const type of [...OWN, ...OTHERS, ...STANDARD_DEFINITIONS.keys()]) {
    it(`is whole for ${type}`, () => {
      const definitions = parse(messageDefinition(type), { ros2: true });
      const names = new Set(definitions.map(({ name }) => name));
      const [root] = definitions;
      assert.ok(root !== undefined && root.definitions.length > 0);
      for (const field of definitions.flatMap((definition) => definition.definitions)) {
        if (field.isComplex === true) assert.ok(names.has(field.type), `${field.type} is missing`);
        assert.match(field.name, /^[a-z](_?[a-z0-9]+)*$/, 'a name that ROS refuses');
      }
    });
  }

  it('has the structure of the standard messages', () => {
    const fields = (type: string): unknown =>
      parse(messageDefinition(type), { ros2: true })[0]?.definitions.map(
        ({ type: kind, name, isArray }) => `${kind}${isArray === true ? '[]' : ''} ${name}`,
      );
    assert.deepEqual(fields('std_msgs/msg/Header'), ['time stamp', 'string frame_id']);
    assert.deepEqual(fields('sensor_msgs/msg/Image'), [
      'std_msgs/Header header',
      'uint32 height',
      'uint32 width',
      'string encoding',
      'uint8 is_bigendian',
      'uint32 step',
      'uint8[] data',
    ]);
    assert.deepEqual(fields('sensor_msgs/msg/CompressedImage'), [
      'std_msgs/Header header',
      'string format',
      'uint8[] data',
    ]);
    assert.deepEqual(fields('vision_msgs/msg/Classification'), [
      'std_msgs/Header header',
      'vision_msgs/ObjectHypothesis[] results',
    ]);
    assert.deepEqual(fields('vision_msgs/msg/ObjectHypothesis'), ['string class_id', 'float64 score']);
  });

  it('embeds each part once, in the form that recordings have', () => {
    const text = messageDefinition('effvit/msg/FrameReport');
    const separators = text.split('\n').filter((line) => line.startsWith('='));
    assert.deepEqual(new Set(separators), new Set(['='.repeat(80)]));
    assert.deepEqual(text.match(/^MSG: .*$/gm), [
      'MSG: std_msgs/Header',
      'MSG: effvit/ClassResult',
      'MSG: effvit/RegionResult',
      'MSG: builtin_interfaces/Time',
    ]);
  });

  it('refuses what it does not know, and names that lead elsewhere', () => {
    assert.throws(() => messageDefinition('geometry_msgs/msg/Twist'), {
      code: 'NOT_FOUND',
      message: 'There is no definition of geometry_msgs/msg/Twist.',
    });
    assert.throws(() => messageDefinition('effvit/msg/Absent'), { code: 'NOT_FOUND' });
    for (const type of ['Image', 'effvit/msg/../../package', 'effvit/srv/A', '', 'effvit/msg/a']) {
      assert.throws(() => messageDefinition(type), { code: 'BAD_ARGUMENT' });
    }
  });
});
