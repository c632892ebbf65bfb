// How long the replay report takes to open with many frames: `node build/test/bench/reportPage.bench.js [FRAMES]`.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClassifyOutcome } from '../../src/classify/Classifier.js';
import { BrowserPage } from '../helpers/BrowserPage.js';
import { findChromium } from '../helpers/Chromium.js';
import { many, pageOf, result } from '../helpers/replayReports.js';

const RUNS = 7;
const frameCount = Number(process.argv[2] ?? 10_000);
const chromium = findChromium();
assert.ok(chromium !== undefined, 'Expected a Chromium on PATH.');
const folder = mkdtempSync(join(tmpdir(), 'effvit-bench-'));

/** Five results and times that differ from frame to frame, as a real replay has them. */
function varied(index: number): ClassifyOutcome {
  const outcome = result(index, index % 2 === 0 ? '/front' : '/rear', `class ${(index >> 4) % 20}`);
  assert.equal(outcome.kind, 'result');
  const wave = (period: number): number => Math.sin((index * 2 * Math.PI) / period) + Math.sin(index * index);
  const longer = (valueNs: number, period: number): number => valueNs * (1.5 + 0.3 * wave(period));
  const { timings } = outcome;
  return {
    ...outcome,
    value: many(5, (rank) => ({
      index: rank,
      label: `class ${((index >> 4) + rank) % 20}`,
      score: (0.7 + 0.1 * wave(97)) / 3 ** rank,
    })),
    timings: {
      ...timings,
      queueWaitNs: longer(timings.queueWaitNs, 211),
      decodeNs: longer(2_000_000, 17),
      preprocessNs: longer(timings.preprocessNs, 31),
      inferenceNs: longer(timings.inferenceNs, 503),
      totalNs: longer(timings.totalNs, 307),
    },
  };
}

const page = await BrowserPage.start(chromium);
try {
  const path = join(folder, 'report.html');
  const html = await pageOf(many(frameCount, varied));
  writeFileSync(path, html);
  const openedMs: number[] = [];
  for (let run = 0; run < RUNS; run++) openedMs.push(await page.open(path));
  assert.deepEqual(page.console, []);
  const sorted = [...openedMs].sort((a, b) => a - b);
  console.log(`${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, ${chromium}`);
  console.log(`${frameCount} frames, two cameras, 20 classes: ${(html.length / 1e6).toFixed(2)} MB`);
  console.log(
    `opened and painted in ${sorted[Math.floor(RUNS / 2)]?.toFixed(0)} ms (median of ${RUNS}; ${openedMs.map((ms) => ms.toFixed(0)).join(', ')})`,
  );
} finally {
  await page.close();
  rmSync(folder, { recursive: true, force: true });
}
