import assert from 'node:assert/strict';
import { writeColourModel } from '../../helpers/colourModel.js';
import { NodeProcess } from '../../helpers/NodeProcess.js';
import { RosPeer } from '../../helpers/RosPeer.js';
import { rosTestEnvironment } from '../../helpers/rosTestEnvironment.js';
import { runEffvit } from '../../helpers/runEffvit.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

describe('effvit top', function () {
  this.timeout(300_000);
  const scratch = scratchFolder();
  let env: Record<string, string> = {};

  before(async function () {
    env = (await rosTestEnvironment(this)) as Record<string, string>;
  });

  it('shows what a node publishes and ends after the requested number of messages', async () => {
    const model = await writeColourModel(scratch.path('colours'));
    const node = new NodeProcess(env, ['-p', `model:=${model}`]);
    const peer = await RosPeer.start(env);
    try {
      assert.equal(await peer.transition('/classifier', 'configure'), true, node.output);
      assert.equal(await peer.transition('/classifier', 'activate'), true, node.output);
      const text = await runEffvit(['top', '--count', '2', '--wait', '60'], { env });
      assert.equal(text.code, 0, text.stderr);
      assert.equal(
        text.stdout.match(/^fps 0\.0 {2}latency p95 n\/a {2}received 0 /gm)?.length,
        2,
        text.stdout,
      );
      const json = await runEffvit(['top', 'classifier', '--count', '1', '--wait', '60', '--json'], { env });
      const message = JSON.parse(json.stdout) as { model: string; received: number };
      assert.deepEqual([message.model, message.received], ['colours', 0]);
    } finally {
      await peer.close();
      await node.kill();
    }
  });

  it('ends with a reason where no node is', async () => {
    const run = await runEffvit(['top', '/nobody', '--wait', '1'], { env });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /Nothing came on \/nobody\/statistics within 1 s/);
  });
});
