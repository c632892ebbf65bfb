import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { RawImageFrame } from '../../../src/image/ImageFrame.js';
import { VideoDecoder } from '../../../src/video/VideoDecoder.js';
import type { VideoCodec, VideoPacket } from '../../../src/video/VideoPacket.js';
import { encodeVideo, greyOf, hasEncoder } from '../../helpers/encodeVideo.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const WAIT_MS = 20_000;

class Camera {
  readonly frames: RawImageFrame[] = [];
  readonly problems: { readonly nanosec: number; readonly message: string }[] = [];
  readonly decoder: VideoDecoder;

  constructor(program?: string, stallLimitMs?: number) {
    this.decoder = new VideoDecoder({
      source: '/video',
      onFrame: (frame) => this.frames.push(frame),
      onProblem: ({ stamp }, { message }) => this.problems.push({ nanosec: stamp.nanosec, message }),
      ...(program !== undefined && { program }),
      ...(stallLimitMs !== undefined && { stallLimitMs }),
    });
  }

  push(data: Uint8Array, number: number, codec: VideoCodec = 'h264'): void {
    const packet: VideoPacket = {
      stamp: { sec: 7, nanosec: number },
      frameId: `frame ${number}`,
      source: '/video',
      codec,
      data,
    };
    this.decoder.push(packet);
  }

  async heard(count: number): Promise<void> {
    const end = performance.now() + WAIT_MS;
    while (this.frames.length + this.problems.length < count) {
      assert.ok(performance.now() < end, `${this.frames.length} frames, ${JSON.stringify(this.problems)}`);
      await delay(5);
    }
  }

  /** The frame numbers of the stamps, each checked against the picture. */
  numbers(): number[] {
    return this.frames.map(({ stamp, frameId, data, widthPx, heightPx }) => {
      const number = stamp.nanosec;
      assert.equal(frameId, `frame ${number}`);
      assert.equal(data.length, 3 * widthPx * heightPx);
      const grey = data[3 * widthPx * (heightPx >> 1)] ?? 0;
      assert.ok(Math.abs(grey - greyOf(number)) <= 3, `frame ${number} is of grey ${grey}`);
      return number;
    });
  }
}

const size = { widthPx: 64, heightPx: 48 };

describe('VideoDecoder', () => {
  const scratch = scratchFolder();

  it('says once for each packet that there is no FFmpeg, and what to do', async () => {
    const camera = new Camera('/nowhere/ffmpeg');
    camera.push(Uint8Array.of(0, 0, 0, 1, 0x67, 1), 0);
    camera.push(Uint8Array.of(0, 0, 0, 1, 0x41, 1), 1);
    await camera.heard(2);
    for (const { message } of camera.problems) {
      assert.match(message, /\/nowhere\/ffmpeg was not found: install it \(sudo apt install ffmpeg\)/);
    }
    camera.push(Uint8Array.of(0, 0, 0, 1, 0x41, 1), 2);
    await camera.heard(3);
    assert.match(camera.problems[2]?.message ?? '', /waits for a key frame, since .* was not found/);
    camera.decoder.close();
  });

  it('ends an FFmpeg that hangs, says so of each packet, and begins anew', async () => {
    const program = scratch.path('ffmpeg');
    await writeFile(program, '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 });
    const camera = new Camera(program, 0);
    for (let number = 0; number < 65; number += 1) camera.push(Uint8Array.of(0, 0, 0, 1, 0x67, 1), number);
    await camera.heard(65);
    const hung = camera.problems.filter(({ message }) =>
      /gave no picture: .*it gave no picture for 0 s/.test(message),
    );
    assert.equal(hung.length, 64, JSON.stringify(camera.problems));
    assert.match(camera.problems[0]?.message ?? '', /does not keep up: 64 packets wait in it/);
    assert.equal(camera.decoder.pendingCount, 0);
    camera.decoder.close();
  });

  describe('with FFmpeg', () => {
    before(function () {
      if (!hasEncoder('libx264')) leaveOut(this, 'there is no ffmpeg with libx264 on PATH');
    });

    it('gives each picture as soon as its packet came, with the header of that packet', async () => {
      const packets = encodeVideo({ encoder: 'libx264', ...size, count: 30, interval: 10 });
      assert.equal(packets.length, 30);
      const camera = new Camera();
      for (const [number, packet] of packets.entries()) {
        camera.push(packet, number);
        await camera.heard(number + 1);
      }
      assert.deepEqual(
        camera.numbers(),
        packets.map((_, number) => number),
      );
      assert.deepEqual(camera.problems, []);
      camera.decoder.close();
    });

    it('begins with a key frame, and says that it waits for one', async () => {
      const packets = encodeVideo({ encoder: 'libx264', ...size, count: 25, interval: 10 });
      const camera = new Camera();
      for (const [number, packet] of packets.entries()) if (number >= 4) camera.push(packet, number);
      await camera.decoder.flush();
      assert.deepEqual(
        camera.numbers(),
        Array.from({ length: 15 }, (_, index) => 10 + index),
      );
      assert.deepEqual(
        camera.problems.map(({ nanosec }) => nanosec),
        [4, 5, 6, 7, 8, 9],
      );
      assert.match(camera.problems[0]?.message ?? '', /^The h264 video on \/video waits for a key frame/);
      camera.decoder.close();
    });

    it('accounts for a damaged packet, and goes on', async () => {
      const packets = encodeVideo({ encoder: 'libx264', ...size, count: 40, interval: 20 });
      const camera = new Camera();
      const damaged = Uint8Array.from({ length: 40 }, () => 9);
      for (const [number, packet] of packets.entries()) camera.push(number === 25 ? damaged : packet, number);
      await camera.decoder.flush();
      assert.deepEqual(
        camera.problems.map(({ nanosec }) => nanosec),
        [25],
      );
      assert.match(camera.problems[0]?.message ?? '', /^The h264 video on \/video gave no picture: \S/);
      assert.equal(camera.frames.length, 39);
      camera.decoder.close();
    });

    it('accounts for every packet of a stream with B-frames', async () => {
      const args = ['-bf', '3', '-b_strategy', '0', '-refs', '2'];
      const packets = encodeVideo({ encoder: 'libx264', ...size, count: 40, interval: 20, args });
      const camera = new Camera();
      for (const [number, packet] of packets.entries()) camera.push(packet, number);
      await camera.decoder.flush();
      assert.ok(camera.frames.length >= 36, `${camera.frames.length}`);
      const frames = camera.frames.map(({ stamp }) => stamp.nanosec);
      assert.deepEqual(
        [...frames, ...camera.problems.map(({ nanosec }) => nanosec)].toSorted((a, b) => a - b),
        packets.map((_, number) => number),
      );
      camera.decoder.close();
    });

    it('follows a change of the size', async () => {
      const packets = encodeVideo({ encoder: 'libx264', ...size, count: 5, interval: 5 });
      const others = encodeVideo({ encoder: 'libx264', widthPx: 96, heightPx: 32, count: 5, interval: 5 });
      const camera = new Camera();
      for (const [number, packet] of [...packets, ...others].entries()) camera.push(packet, number % 5);
      await camera.decoder.flush();
      assert.deepEqual(camera.numbers(), [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
      assert.deepEqual([camera.frames[4]?.widthPx, camera.frames[5]?.widthPx], [64, 96]);
      camera.decoder.close();
    });

    it('goes on with the next key frame after FFmpeg was killed or closed', async () => {
      const packets = encodeVideo({ encoder: 'libx264', ...size, count: 10, interval: 5 });
      const camera = new Camera();
      for (const [number, packet] of packets.entries()) if (number < 5) camera.push(packet, number);
      await camera.decoder.flush();
      for (const [number, packet] of packets.entries()) if (number >= 3) camera.push(packet, number);
      await camera.decoder.flush();
      assert.deepEqual(camera.numbers(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      assert.deepEqual(
        camera.problems.map(({ nanosec }) => nanosec),
        [3, 4],
      );
      camera.decoder.close();
      assert.equal(camera.decoder.pendingCount, 0);
    });

    it('decodes H.265 too', async function () {
      if (!hasEncoder('libx265')) this.skip();
      const packets = encodeVideo({
        encoder: 'libx265',
        ...size,
        count: 12,
        interval: 6,
        args: ['-tune', 'zerolatency', '-x265-params', 'log-level=none'],
      });
      const camera = new Camera();
      for (const [number, packet] of packets.entries()) camera.push(packet, number, 'hevc');
      await camera.decoder.flush();
      assert.deepEqual(
        camera.numbers(),
        packets.map((_, number) => number),
      );
      camera.decoder.close();
    });
  });
});
