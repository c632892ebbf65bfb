import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { BagImage, BagMessageProblem } from '../../../src/bag/BagFile.js';
import { openBag } from '../../../src/bag/openBag.js';
import { cameraMessages, IMAGE, mcapBytes, plain, readBag, START_NS } from '../../helpers/bags.js';
import { imageCdr } from '../../helpers/imageMessages.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

describe('BagReader', () => {
  const scratch = scratchFolder();
  const messages = cameraMessages(5);

  async function imagesOf(topics?: readonly string[]): Promise<(BagImage | BagMessageProblem)[]> {
    const bag = await openBag(scratch.path('a.mcap'));
    try {
      const images = [];
      for await (const image of bag.imageFrames({ topics })) images.push(image);
      return images;
    } finally {
      await bag.close();
    }
  }

  beforeEach(async () => {
    writeFileSync(scratch.path('a.mcap'), await mcapBytes(messages));
  });

  it('lists topics and image topics', async () => {
    const bag = await openBag(scratch.path('a.mcap'));
    assert.deepEqual(bag.topics(), [
      {
        name: '/chatter',
        type: 'std_msgs/msg/String',
        encoding: 'cdr',
        messageCount: 5,
        qos: '- history: 1',
      },
      { name: '/front/image_raw', type: IMAGE, encoding: 'cdr', messageCount: 5, qos: '- history: 1' },
      {
        name: '/rear/image_raw/compressed',
        type: 'sensor_msgs/msg/CompressedImage',
        encoding: 'cdr',
        messageCount: 5,
        qos: '- history: 1',
      },
    ]);
    assert.deepEqual(
      bag.imageTopics().map(({ name }) => name),
      ['/front/image_raw', '/rear/image_raw/compressed'],
    );
    await bag.close();
  });

  it('gives the images of all cameras in order, with header and time', async () => {
    const images = await imagesOf();
    assert.equal(images.length, 10);
    assert.deepEqual(
      images.map((image) =>
        image.kind === 'image'
          ? [image.frame.kind, image.frame.source, image.frame.stamp, image.logTimeNs]
          : image,
      ),
      messages
        .filter(({ topic }) => topic !== '/chatter')
        .map(({ topic, logTimeNs }, at) => [
          at % 2 === 0 ? 'raw' : 'compressed',
          topic,
          { sec: 100 + (at >> 1), nanosec: at >> 1 },
          logTimeNs,
        ]),
    );
  });

  it('gives one camera by its name, with or without the slash', async () => {
    for (const name of ['/front/image_raw', 'front/image_raw']) {
      const images = await imagesOf([name]);
      assert.equal(images.length, 5);
      assert.ok(images.every((image) => image.kind === 'image' && image.frame.source === '/front/image_raw'));
    }
  });

  it('gives messages of named topics only', async () => {
    const { messages: read } = await readBag(scratch.path('a.mcap'), { topics: ['chatter'] });
    assert.deepEqual(plain(read), plain(messages.filter(({ topic }) => topic === '/chatter')));
  });

  it('names the image topics where a topic is not there or has none', async () => {
    const bag = await openBag(scratch.path('a.mcap'));
    assert.throws(() => bag.imageFrames({ topics: ['/camera'] }), {
      code: 'NOT_FOUND',
      message:
        /has no topic \/camera; its image topics are \/front\/image_raw, \/rear\/image_raw\/compressed\./,
    });
    assert.throws(() => bag.messages({ topics: ['/camera'] }), { code: 'NOT_FOUND' });
    assert.throws(() => bag.imageFrames({ topics: ['/chatter'] }), {
      code: 'BAD_ARGUMENT',
      message:
        /Topic \/chatter of .* has std_msgs\/msg\/String messages \(cdr\), no images; its image topics are/,
    });
    await bag.close();
  });

  it('lists what there is where there are no images', async () => {
    writeFileSync(
      scratch.path('b.mcap'),
      await mcapBytes(messages.filter(({ topic }) => topic === '/chatter')),
    );
    writeFileSync(scratch.path('c.mcap'), await mcapBytes([]));
    const bag = await openBag(scratch.path('b.mcap'));
    assert.throws(() => bag.imageFrames(), {
      code: 'NOT_FOUND',
      message: /has no image topics .*; it has \/chatter \(std_msgs\/msg\/String\)\./,
    });
    assert.throws(() => bag.imageFrames({ topics: ['/chatter'] }), /it has no image topics/);
    const empty = await openBag(scratch.path('c.mcap'));
    assert.throws(() => empty.imageFrames(), { code: 'NOT_FOUND', message: /has no topics, so no images/ });
    assert.deepEqual((await readBag(scratch.path('c.mcap'))).messages, []);
    assert.equal(empty.startNs, undefined);
    await bag.close();
    await empty.close();
  });

  it('hands on what cannot be parsed as a problem, and goes on', async () => {
    const good = imageCdr({ sec: 1 });
    const data = [good, good.subarray(0, 20), new Uint8Array(0), Uint8Array.of(9, 9, 9, 9, 9), good];
    writeFileSync(
      scratch.path('a.mcap'),
      await mcapBytes(
        data.map((bytes, at) => ({
          topic: '/c',
          type: IMAGE,
          logTimeNs: START_NS + BigInt(at),
          data: bytes,
        })),
      ),
    );
    const images = await imagesOf();
    assert.deepEqual(
      images.map(({ kind }) => kind),
      ['image', 'problem', 'problem', 'problem', 'image'],
    );
    const problem = images[1];
    assert.ok(problem?.kind === 'problem');
    assert.equal(problem.topic, '/c');
    assert.equal(problem.logTimeNs, START_NS + 1n);
    assert.equal(problem.error.code, 'BAD_IMAGE');
    assert.match(problem.error.message, /The Image message on \/c is cut off/);
  });

  it('can be left in the middle and closed twice', async () => {
    const bag = await openBag(scratch.path('a.mcap'));
    for await (const message of bag.messages()) {
      assert.equal(message.logTimeNs, START_NS);
      break;
    }
    await bag.close();
    await bag.close();
    await assert.rejects(async () => {
      for await (const _ of bag.messages()) assert.fail('it is closed');
    }, /was closed while it was read/);
  });
});
