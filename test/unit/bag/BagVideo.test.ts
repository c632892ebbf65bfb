import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { openBag } from '../../../src/bag/openBag.js';
import { VIDEO_PARSERS } from '../../../src/video/messages/parseVideoCdr.js';
import { cameraMessages, mcapBytes, START_NS, STEP_NS, type TestMessage } from '../../helpers/bags.js';
import { encodeVideo, greyOf, hasEncoder } from '../../helpers/encodeVideo.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';
import { videoCdr } from '../../helpers/videoMessages.js';

const COUNT = 40;

describe('video in a bag', () => {
  const scratch = scratchFolder();

  before(function () {
    if (!hasEncoder('libx264')) leaveOut(this, 'there is no ffmpeg with libx264 on PATH');
  });

  async function read(messages: readonly TestMessage[]): Promise<{ topic: string; text: string }[]> {
    const path = scratch.path('bag.mcap');
    writeFileSync(path, await mcapBytes(messages));
    const bag = await openBag(path);
    try {
      const all: { topic: string; text: string }[] = [];
      for await (const image of bag.imageFrames()) {
        if (image.kind === 'problem') all.push({ topic: image.topic, text: image.error.message });
        else {
          const { frame, logTimeNs } = image;
          const at = (logTimeNs - START_NS) / STEP_NS;
          const level = frame.data[Math.floor(frame.data.length / 2)] ?? 0;
          const grey = frame.source === '/video' ? ` ${Math.round((level - greyOf(0)) / 4)}` : '';
          all.push({ topic: frame.source, text: `${at} ${frame.stamp.nanosec}${grey}` });
        }
      }
      return all;
    } finally {
      await bag.close();
    }
  }

  function videoMessages(type: string): TestMessage[] {
    const size = { widthPx: 64, heightPx: 48 };
    return encodeVideo({ encoder: 'libx264', ...size, count: COUNT, interval: 10 }).map((data, at) => ({
      topic: '/video',
      type,
      logTimeNs: START_NS + BigInt(at) * STEP_NS,
      data: videoCdr(type, { stamp: { sec: 1, nanosec: at }, frameId: '3', encoding: 'h264', data }),
    }));
  }

  for (const type of VIDEO_PARSERS.keys()) {
    it(`is read as pictures with their own stamps and log times: ${type}`, async () => {
      assert.deepEqual(
        await read(videoMessages(type)),
        Array.from({ length: COUNT }, (_, at) => ({ topic: '/video', text: `${at} ${at} ${at}` })),
      );
    });
  }

  it('comes among the other cameras in the same order each time, and reports what was skipped', async () => {
    const video = videoMessages('foxglove_msgs/msg/CompressedVideo').slice(3);
    const messages = [...video, ...cameraMessages(COUNT)].sort((a, b) => Number(a.logTimeNs - b.logTimeNs));
    const first = await read(messages);
    assert.deepEqual(await read(messages), first);
    const texts = first.filter(({ topic }) => topic === '/video').map(({ text }) => text);
    assert.equal(texts.length, COUNT - 3);
    for (const text of texts.slice(0, 7))
      assert.match(text, /^The h264 video on \/video waits for a key frame/);
    assert.equal(texts[7], '10 10 10');
    assert.equal(first.length, COUNT - 3 + 2 * COUNT);
  });
});
