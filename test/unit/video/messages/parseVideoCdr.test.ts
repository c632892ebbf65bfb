import assert from 'node:assert/strict';
import { VIDEO_PARSERS } from '../../../../src/video/messages/parseVideoCdr.js';
import { assertRefused } from '../../../helpers/assertRefused.js';
import { VIDEO_WRITERS, videoCdr } from '../../../helpers/videoMessages.js';

const stamp = { sec: 12, nanosec: 345 };
const data = Uint8Array.of(0, 0, 0, 1, 0x67, 9);

describe('messages of video', () => {
  it('are those that a test writes', () => {
    assert.deepEqual([...VIDEO_PARSERS.keys()].sort(), Object.keys(VIDEO_WRITERS).sort());
  });

  for (const [type, parse] of VIDEO_PARSERS) {
    it(`${type} is read`, () => {
      for (const [encoding, codec] of [
        ['h264', 'h264'],
        ['H265', 'hevc'],
      ] as const) {
        const message = { stamp, frameId: '17', encoding, data };
        assert.deepEqual(parse(videoCdr(type, message), '/video'), {
          stamp,
          frameId: '17',
          source: '/video',
          codec,
          data,
        });
      }
    });

    it(`${type} is refused where it is cut off, or of another codec`, () => {
      const bytes = videoCdr(type, { stamp, frameId: '17', encoding: 'h264', data });
      for (let length = 0; length < bytes.length; length += Math.ceil(bytes.length / 97)) {
        assertRefused(() => parse(bytes.slice(0, length), '/video'), 'BAD_IMAGE', /\/video/);
      }
      const other = videoCdr(type, { stamp, frameId: '17', encoding: 'mjpeg', data });
      assertRefused(() => parse(other, '/video'), 'BAD_IMAGE', /codec 'mjpeg'; h264, hevc, av1, vp9 are/);
    });
  }

  it('names the pixel formats that ffmpeg_image_transport writes behind the codec', () => {
    const type = 'ffmpeg_image_transport_msgs/msg/FFMPEGPacket';
    const bytes = videoCdr(type, { stamp, frameId: 'a', encoding: 'hevc;yuv420p;bgr8;bgr8', data });
    assert.equal(VIDEO_PARSERS.get(type)?.(bytes, '/video').codec, 'hevc');
  });

  it('refuses a data_size beyond the array', () => {
    const type = 'hbm_img_msgs/msg/HbmH26XFrame';
    const bytes = videoCdr(type, { stamp, frameId: '1', encoding: 'h264', data });
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(bytes.length - 4, 512_001, true);
    assertRefused(() => VIDEO_PARSERS.get(type)?.(bytes, '/video'), 'BAD_IMAGE', /data_size of 512001 bytes/);
  });
});
