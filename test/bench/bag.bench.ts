// Reading camera bags: what a frame costs from each storage, and what parsing an Image message in place costs.
// The processor time of the process is told beside the time, since other work on the machine does not change it.
//
//   node build/test/bench/bag.bench.js [frames] [rounds]
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { openBag } from '../../src/bag/openBag.js';
import { parseImageCdr } from '../../src/image/cdr/parseImageCdr.js';
import { IMAGE, mcapBytes, START_NS, type TestMessage, writeSqlite } from '../helpers/bags.js';
import { imageCdr } from '../helpers/imageMessages.js';
import { median } from './median.js';

const [framesText, roundsText] = process.argv.slice(2);
const frameCount = Number(framesText ?? 60);
const rounds = Number(roundsText ?? 5);

/** A smooth picture with a little noise: it compresses about as a camera's does. */
function imageMessage(widthPx: number, heightPx: number, sec: number): Uint8Array {
  const strideBytes = widthPx * 3;
  const data = new Uint8Array(strideBytes * heightPx);
  let random = sec + 1;
  for (let at = 0; at < data.length; at++) {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    data[at] = ((at % strideBytes) >> 5) + (random >>> 30);
  }
  return imageCdr({
    sec,
    frameId: 'camera_optical_frame',
    encoding: 'rgb8',
    widthPx,
    heightPx,
    strideBytes,
    data,
  });
}

function benchParse(): void {
  const bytes = imageMessage(640, 480, 7);
  const count = 200_000;
  const nanoseconds = Array.from({ length: rounds }, () => {
    const began = process.cpuUsage();
    for (let at = 0; at < count; at++) assert.equal(parseImageCdr(bytes, '/camera').stamp.sec, 7);
    const used = process.cpuUsage(began);
    return ((used.user + used.system) * 1000) / count;
  });
  console.log(`parseImageCdr: ${median(nanoseconds).toFixed(0)} ns of the processor a message`);
}

async function benchRead(path: string, bytesOfFrame: number): Promise<string> {
  const milliseconds: number[] = [];
  const cpuMs: number[] = [];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now();
    const began = process.cpuUsage();
    const bag = await openBag(path);
    let count = 0;
    for await (const image of bag.imageFrames()) {
      assert.ok(image.kind === 'image' && image.frame.stamp.sec === count);
      count += 1;
    }
    await bag.close();
    assert.equal(count, frameCount);
    assert.deepEqual(bag.warnings, []);
    const used = process.cpuUsage(began);
    milliseconds.push((performance.now() - startMs) / count);
    cpuMs.push((used.user + used.system) / 1000 / count);
  }
  delay.disable();
  const each = median(milliseconds);
  return `${each.toFixed(2)} ms a frame (processor ${median(cpuMs).toFixed(2)} ms), ${(bytesOfFrame / 1e3 / each).toFixed(0)} MB/s, event-loop delay p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms, memory ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`;
}

console.log(
  `${cpus()[0]?.model}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}`,
);
benchParse();
const folder = mkdtempSync(join(tmpdir(), 'effvit-bench-'));
try {
  for (const [widthPx, heightPx] of [
    [640, 480],
    [1920, 1080],
  ] as const) {
    const messages: TestMessage[] = Array.from({ length: frameCount }, (_, at) => ({
      topic: '/camera',
      type: IMAGE,
      logTimeNs: START_NS + BigInt(at) * 33_000_000n,
      data: imageMessage(widthPx, heightPx, at),
    }));
    const bytesOfFrame = widthPx * heightPx * 3;
    for (const compression of ['', 'lz4', 'zstd'] as const) {
      const path = join(folder, 'a.mcap');
      writeFileSync(path, await mcapBytes(messages, { compression, chunkSize: 768 * 1024 }));
      console.log(
        `${widthPx}x${heightPx} MCAP ${compression || 'plain'}: ${await benchRead(path, bytesOfFrame)}`,
      );
    }
    const path = join(folder, `${widthPx}.db3`);
    writeSqlite(path, messages);
    console.log(`${widthPx}x${heightPx} sqlite3: ${await benchRead(path, bytesOfFrame)}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
