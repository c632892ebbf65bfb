import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { packagePath } from '../../../src/core/packageRoot.js';
import { loadSharp } from '../../../src/image/loadSharp.js';
import { EventReader } from '../../helpers/EventReader.js';
import { imageMessage } from '../../helpers/imageMessage.js';
import { NodeUnderTest } from '../../helpers/NodeUnderTest.js';
import { type RosPeer, waitFor } from '../../helpers/RosPeer.js';
import { runEffvit } from '../../helpers/runEffvit.js';

interface Frame {
  readonly source: string;
  readonly results: { label: string; score: number }[];
  readonly picture?: number;
  readonly total_ns: number;
}

/** A port that nobody has. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('ROS node: live page', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();
  const readers: EventReader[] = [];

  afterEach(() => {
    for (const reader of readers.splice(0)) reader.close();
  });

  async function open(port: number, path = 'events?pictures=1'): Promise<EventReader> {
    let reader: EventReader | undefined;
    await waitFor(async () => {
      reader = await EventReader.open(`http://127.0.0.1:${port}/${path}`).catch(() => undefined);
      return reader !== undefined;
    }, `the page on ${port}; the node said: ${rig.output}`);
    assert.ok(reader !== undefined);
    readers.push(reader);
    return reader;
  }

  async function startCamera(user: RosPeer, channel: number): Promise<void> {
    await user.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image', reliable: false });
    await user.match('/image');
    const message = imageMessage(0, channel, { widthPx: 320, heightPx: 240 });
    await user.ask({ op: 'stream', topic: '/image', message, hz: 20, now: true });
  }

  /** Waits for a frame with a picture, and holds it against what the camera sends. */
  async function sees(port: number, reader: EventReader, label: string, channel: number): Promise<void> {
    await waitFor(
      async () => reader.newest<Frame>('frame')?.picture !== undefined,
      `a picture; ${JSON.stringify(reader.newest('frame'))}; the node said: ${rig.output}`,
    );
    const frame = reader.newest<Frame>('frame');
    assert.deepEqual([frame?.source, frame?.results[0]?.label], ['/image', label]);
    assert.ok((frame?.total_ns ?? 0) > 0);
    const reply = await fetch(`http://127.0.0.1:${port}/picture?camera=${encodeURIComponent('/image')}`);
    assert.equal(reply.status, 200);
    const { data, info } = await loadSharp()(Buffer.from(await reply.arrayBuffer()))
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.ok(info.width >= 300 && info.height >= 200, `${info.width} x ${info.height}`);
    const middle = 3 * (info.width * Math.floor(info.height / 2) + Math.floor(info.width / 2));
    const colours = [...data.subarray(middle, middle + 3)];
    assert.equal(colours.indexOf(Math.max(...colours)), channel, `${colours}`);
  }

  it('shows a node in every state, and moves and ends with its parameter', async () => {
    const port = await freePort();
    const user = await rig.start('-p', `web_port:=${port}`);
    const reader = await open(port);
    await waitFor(
      async () => reader.newest('diagnostics') !== undefined,
      'diagnostics of an unconfigured node',
    );
    assert.equal(reader.newest<{ title: string }>('hello')?.title, '/classifier');
    await rig.activate(user);
    await startCamera(user, 1);
    await sees(port, reader, 'green', 1);
    await waitFor(
      async () => (reader.newest<{ published: number }>('statistics')?.published ?? 0) > 0,
      'statistics',
    );

    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const takenPort = (taken.address() as { port: number }).port;
    const refused = await user.setParameter(NodeUnderTest.NAME, 'web_port', takenPort);
    taken.close();
    assert.equal(refused.successful, false);
    assert.match(refused.reason, /another program has that port, choose another one\.$/);
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200, 'the old page serves on');

    const other = await freePort();
    assert.equal((await user.setParameter(NodeUnderTest.NAME, 'web_port', other)).successful, true);
    await waitFor(async () => reader.isEnded, 'the end of the old page');
    await open(other);
    assert.equal((await user.setParameter(NodeUnderTest.NAME, 'web_port', 0)).successful, true);
    await assert.rejects(fetch(`http://127.0.0.1:${other}/`));
    assert.equal(await rig.node.end(), 0, rig.output);
  });

  it('does its work where the port is taken, and says so', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const user = await rig.start('-p', `web_port:=${port}`);
    await rig.activate(user);
    assert.match(rig.output, new RegExp(`port ${port} of 127\\.0\\.0\\.1: another program has that port`));
    taken.close();
  });

  it('effvit top --web shows a node of another process', async () => {
    const port = await freePort();
    const user = await rig.startActive();
    await startCamera(user, 2);
    const top: ChildProcess = spawn(
      process.execPath,
      [packagePath('bin', 'effvit.cjs'), 'top', '--web', String(port), '--wait', '60'],
      { env: rig.env, stdio: 'ignore' },
    );
    try {
      const reader = await open(port);
      await sees(port, reader, 'blue', 2);
      await waitFor(async () => reader.newest('diagnostics') !== undefined, 'diagnostics');
      const busy = await runEffvit(['top', '--web', String(port), '--count', '1'], {
        env: rig.env as Record<string, string>,
      });
      assert.equal(busy.code, 1);
      assert.match(busy.stderr, /another program has that port/);
      top.kill('SIGINT');
      const [code] = await once(top, 'exit');
      assert.equal(code, 0);
    } finally {
      top.kill('SIGKILL');
    }
  });
});
