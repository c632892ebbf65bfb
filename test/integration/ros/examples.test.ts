import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { packagePath } from '../../../src/core/packageRoot.js';
import { imageMessage } from '../../helpers/imageMessage.js';
import { NodeUnderTest } from '../../helpers/NodeUnderTest.js';
import { waitFor } from '../../helpers/RosPeer.js';

const EXAMPLES = {
  python: ['python3', packagePath('examples', 'python', 'classification_listener.py')],
  typescript: [process.execPath, packagePath('build', 'examples', 'typescript', 'classificationListener.js')],
} as const;

describe('ROS node: examples', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  for (const [language, [command, script]] of Object.entries(EXAMPLES)) {
    it(`the ${language} subscriber prints what it receives and ends by SIGINT`, async () => {
      // As it is by default: what the numbers are called is for the example to find out.
      const user = await rig.startActive('-p', 'class_id_format:=index');
      await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image', reliable: false });
      await user.match('/image');
      const child = spawn(command, [script], { env: rig.env });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (text: Buffer) => {
          output += text.toString();
        });
      }
      try {
        await user.ask({ op: 'stream', topic: '/image', hz: 20, message: imageMessage(0, 1) });
        await waitFor(async () => /^7\.\d{9} green (0\.9|1\.0)\d\d$/m.test(output), 'a line of the example');
        child.kill('SIGINT');
        const [code] = await once(child, 'exit');
        assert.equal(code, 0, output);
      } finally {
        child.kill('SIGKILL');
      }
    });
  }

  it('the python client of ~/classify prints what was answered', async () => {
    const user = await rig.startActive('-p', 'enabled:=false');
    await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image', reliable: false });
    await user.ask({ op: 'stream', topic: '/image', hz: 20, message: imageMessage(0, 1) });
    const script = packagePath('examples', 'python', 'classify_request.py');
    const child = spawn('python3', [script, 'image'], { env: rig.env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        output += text.toString();
      });
    }
    const limit = setTimeout(() => child.kill('SIGKILL'), 180_000);
    const [code] = await once(child, 'close');
    clearTimeout(limit);
    assert.equal(code, 0, output);
    assert.match(output, /^green (0\.9|1\.0)\d\d$/m);
  });
});
