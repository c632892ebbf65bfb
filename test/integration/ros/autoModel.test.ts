import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AUTO_MODELS } from '../../../src/classify/loadModel.js';
import { int8NameOf } from '../../../src/model/defaultManifest.js';
import { writeColourModel } from '../../helpers/colourModel.js';
import { imageMessage } from '../../helpers/imageMessage.js';
import { type Classification, NodeUnderTest, reliable } from '../../helpers/NodeUnderTest.js';

const GREEN = 1;

describe('ROS node: model:=auto', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  /**
   * An int8 model for each that `auto` may mean, as `effvit quantize --eval` leaves it: with the accuracy that was
   * measured. The model of colours stands in for the file, so that an answer tells which one ran.
   */
  async function storeInt8(top1Int8Percent: number): Promise<void> {
    const models = rig.path('models');
    for (const float of AUTO_MODELS) {
      const int8 = int8NameOf(float);
      const manifest = join(await writeColourModel(join(models, int8)), 'manifest.yaml');
      const figures = `quantized: { of: ${float}, pictures: 3200, top1_float_percent: 98, top1_int8_percent: ${top1Int8Percent} }`;
      const text = readFileSync(manifest, 'utf8').replace('name: colours', `name: ${int8}`);
      writeFileSync(manifest, `${text}\n${figures}\n`);
    }
    rig.env['EFFVIT_MODEL_PATH'] = models;
  }

  /** The label that the node gives a green picture, and the model that it says it has. */
  async function served(): Promise<{ label: string | undefined; model: string | undefined }> {
    const user = await rig.startActive('-p', 'model:=auto', ...reliable());
    await user.ask({
      op: 'subscribe',
      topic: '/vision_info',
      type: 'vision_msgs/msg/VisionInfo',
      latched: true,
    });
    await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image' });
    await user.match('/image');
    await user.ask({ op: 'publish', topic: '/image', message: imageMessage(1, GREEN) });
    const [result] = await rig.takeAll<Classification>(user, '/classification', 1);
    const [info] = await rig.takeAll<{ method: string }>(user, '/vision_info', 1);
    return { label: result?.results[0]?.class_id, model: info?.method.split(' ')[0] };
  }

  it('runs the int8 model where the stored accuracy is within 0.3 points of the float one', async () => {
    await storeInt8(97.75);
    const { label, model } = await served();
    assert.equal(label, 'green');
    assert.ok(
      AUTO_MODELS.some((float) => int8NameOf(float) === model),
      model,
    );
    assert.match(
      rig.output,
      /_int8 runs in the place of \S+: 97\.75 % top-1 against 98\.00 % of 3200 pictures/,
    );
  });

  it('runs the float model where it is not, and says by how much', async () => {
    await storeInt8(97.65);
    const { label, model } = await served();
    assert.notEqual(label, 'green');
    assert.ok(
      AUTO_MODELS.some((float) => float === model),
      model,
    );
    assert.match(rig.output, /runs in float: \S+_int8 loses 0\.35 points of top-1, more than 0\.3/);
  });
});
