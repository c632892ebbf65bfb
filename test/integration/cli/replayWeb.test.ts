import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { packagePath } from '../../../src/core/packageRoot.js';
import { RAW_TOPIC, writeColourBag } from '../../helpers/colourBag.js';
import { writeColourModel } from '../../helpers/colourModel.js';
import { EventReader } from '../../helpers/EventReader.js';
import { waitFor } from '../../helpers/RosPeer.js';
import { runEffvit } from '../../helpers/runEffvit.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

interface Frame {
  readonly source: string;
  readonly results: { label: string }[];
  readonly picture?: number;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Whether something listens there. */
async function isOpen(port: number, host: string): Promise<boolean> {
  const socket = connect({ port, host });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

describe('effvit replay --web', function () {
  this.timeout(300_000);
  const scratch = scratchFolder();
  const started: ChildProcess[] = [];

  afterEach(() => {
    for (const child of started.splice(0)) child.kill('SIGKILL');
  });

  it('shows frames, pictures and statistics while the recording is replayed, to this machine alone', async () => {
    const model = await writeColourModel(scratch.path('colours'));
    const bag = scratch.path('drive.mcap');
    // A quarter of an hour: it is stopped once the page was looked at.
    await writeColourBag(bag, 450);
    const port = await freePort();
    const args = ['replay', bag, '--model', model, '--rate', '0.05', '--web', String(port), '--json'];
    const child = spawn(process.execPath, [packagePath('bin', 'effvit.cjs'), ...args]);
    started.push(child);
    let notes = '';
    child.stderr.on('data', (chunk: Buffer) => {
      notes += chunk.toString();
    });
    child.stdout.resume();
    await waitFor(async () => notes.includes(`Live page: http://127.0.0.1:${port}/`), `the page; ${notes}`);
    const reader = await EventReader.open(`http://127.0.0.1:${port}/events?pictures=1`);
    const frames = (): Frame[] =>
      reader.events.filter(({ name }) => name === 'frame').map(({ data }) => data as Frame);
    await waitFor(async () => {
      const cameras = new Set(frames().map(({ source }) => source));
      const hasPicture = frames().some(
        ({ source, picture }) => source === RAW_TOPIC && picture !== undefined,
      );
      return cameras.size === 2 && hasPicture && reader.newest('statistics') !== undefined;
    }, 'frames of both cameras, a picture and statistics');
    assert.match(frames()[0]?.results[0]?.label ?? '', /red|green|blue/);
    const response = await fetch(`http://127.0.0.1:${port}/picture?camera=${encodeURIComponent(RAW_TOPIC)}`);
    assert.equal(response.headers.get('content-type'), 'image/jpeg');
    await response.arrayBuffer();
    for (const { address } of Object.values(networkInterfaces()).flatMap((list) => list ?? [])) {
      if (address.startsWith('127.') || address.includes(':')) continue;
      assert.equal(await isOpen(port, address), false, address);
    }
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    await ended;
    await waitFor(async () => reader.isEnded, 'the end of the events');
    assert.equal(await isOpen(port, '127.0.0.1'), false);
  });

  it('says that the port is taken', async () => {
    const model = await writeColourModel(scratch.path('colours'));
    const bag = scratch.path('drive.mcap');
    await writeColourBag(bag, 2);
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as { port: number };
      const run = await runEffvit(['replay', bag, '--model', model, '--web', String(port)]);
      assert.notEqual(run.code, 0);
      assert.match(run.stderr, /another program has that port/);
    } finally {
      server.close();
    }
  });
});
