import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { ClassifyOutcome } from '../../../src/classify/Classifier.js';
import { EffvitError } from '../../../src/core/EffvitError.js';
import { preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import { ReplayReportCollector } from '../../../src/report/replay/ReplayReportCollector.js';
import { replayPage } from '../../../src/report/replay/replayPage.js';
import { FrameAccounting } from '../../../src/stats/FrameAccounting.js';
import { findChromium, type RenderedPage, renderPage } from '../../helpers/Chromium.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const STAGE_NS = 1_500_000;
/** A class whose name would end the page's data, or be markup, if it were not escaped. */
const HOSTILE = '</script><img src=x onerror=alert(1)>';
const NV12 = new Uint8Array((224 * 224 * 3) / 2).fill(128);

function result(index: number, camera: string, label: string): ClassifyOutcome {
  return {
    kind: 'result',
    header: { stamp: { sec: index, nanosec: 0 }, frameId: '', source: camera },
    value: [
      { index: 0, label, score: 0.9 },
      { index: 1, label: 'other', score: 0.1 },
    ],
    timings: {
      queueWaitNs: STAGE_NS,
      copyNs: 20_000,
      handoverNs: 50_000,
      decodeNs: 0,
      preprocessNs: 200_000,
      inferenceNs: 6_340_000 + index,
      postprocessNs: 10_000,
      deliveryNs: 30_000,
      totalNs: 8_150_000 + index,
    },
    widthPx: 640,
    heightPx: 480,
    workerIndex: 0,
    generation: 0,
    nv12: NV12,
  };
}

function dropped(camera: string): ClassifyOutcome {
  return {
    kind: 'dropped',
    header: { stamp: { sec: 0, nanosec: 0 }, frameId: '', source: camera },
    cause: 'bad_image',
    error: new EffvitError('BAD_IMAGE', 'Expected 10 bytes but received 9.'),
  };
}

async function pageOf(outcomes: readonly ClassifyOutcome[]): Promise<string> {
  const accounting = new FrameAccounting();
  const collector = new ReplayReportCollector(preprocessOptions());
  for (const [sequence, outcome] of outcomes.entries()) {
    accounting.receive();
    if (outcome.kind === 'result') accounting.publish();
    else accounting.drop(outcome.cause);
    await collector.add({ sequence, logTimeNs: 1_000_000_000n * BigInt(sequence), outcome });
  }
  const report = await collector.report(
    {
      counts: () => accounting.counts(),
      info: { isSimulated: false } as Parameters<ReplayReportCollector['report']>[0]['info'],
    },
    { title: `a <b>drive</b>`, command: 'effvit replay drive', facts: [['model', 'm']], fps: 10 },
  );
  return replayPage(report);
}

const many = (count: number, outcome: (index: number) => ClassifyOutcome): ClassifyOutcome[] =>
  Array.from({ length: count }, (_, index) => outcome(index));

describe('replay report in a browser', () => {
  const scratch = scratchFolder();
  let chromium = '';

  before(function () {
    chromium =
      findChromium() ??
      leaveOut(this, 'No Chromium is installed: the report was not looked at in a browser.');
  });

  async function open(
    outcomes: readonly ClassifyOutcome[],
    view?: Parameters<typeof renderPage>[2],
  ): Promise<RenderedPage> {
    const path = scratch.path('report.html');
    await writeFile(path, await pageOf(outcomes));
    const page = await renderPage(chromium, path, view);
    assert.deepEqual(page.console, []);
    assert.match(page.html, /data-ready="yes"/);
    return page;
  }

  const buttonsOf = ({ html }: RenderedPage): number => html.match(/<button[^>]*aria-pressed=/g)?.length ?? 0;

  it('shows two cameras, their classes and what was dropped', async () => {
    const page = await open([
      ...many(30, (index) => result(index, index % 2 === 0 ? '/front' : '/rear', `class ${index % 12}`)),
      dropped('/rear'),
    ]);
    assert.equal(buttonsOf(page), 30);
    assert.match(page.html, /\/front: 15 of 15 frames with results/);
    assert.match(page.html, /\/rear: 15 of 16 frames with results/);
    assert.match(page.html, /4 other classes/);
    assert.match(page.html, /bad_image: Expected 10 bytes but received 9\./);
    assert.equal(page.html.match(/class="uplot/g)?.length, 4);
  });

  it('shows names as text, whatever is in them', async () => {
    const page = await open([result(0, HOSTILE, HOSTILE)]);
    assert.match(page.html, /a &lt;b&gt;drive/);
    assert.doesNotMatch(page.html, /<img/);
  });

  it('opens on a phone in the dark', async () => {
    await open(
      many(3, (index) => result(index, '/front', 'one')),
      { widthPx: 500, isDark: true },
    );
  });

  it('says that there is nothing: no frame, one frame, all dropped', async () => {
    assert.match((await open([])).html, /The recording gave no frame\./);
    const one = await open([result(0, '/front', 'only')]);
    assert.equal(buttonsOf(one), 1);
    assert.match(one.html, /only \(1\)/);
    const none = await open(many(3, () => dropped('/front')));
    assert.match(none.html, /No frame of this camera has a result\./);
    assert.match(none.html, /No frame was classified/);
  });

  it('stays small and opens with 10,000 frames', async () => {
    const outcomes = many(10_000, (index) => result(index, '/front', `class ${index % 20}`));
    assert.ok((await pageOf(outcomes)).length < 4_000_000);
    const page = await open(outcomes);
    const buttons = buttonsOf(page);
    assert.ok(buttons > 60 && buttons <= 240, String(buttons));
    assert.match(page.html, /of 10000 frames, as the network saw them/);
  });

  it('asks for nothing from anywhere', async () => {
    const html = await pageOf([result(0, '/front', 'one')]);
    assert.match(html, /default-src 'none'/);
    assert.doesNotMatch(html, /(src|href)="(?!data:)[a-z]/);
  });
});
