import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { packagePath } from '../../../src/core/packageRoot.js';
import { LiveFeed } from '../../../src/web/LiveFeed.js';
import { LivePage } from '../../../src/web/LivePage.js';
import { livePicture } from '../../../src/web/livePicture.js';
import { BrowserPage } from '../../helpers/BrowserPage.js';
import { findChromium } from '../../helpers/Chromium.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { liveReport, liveStatistics, liveStatuses } from '../../helpers/liveSamples.js';
import { waitFor } from '../../helpers/RosPeer.js';

const CAMERAS = ['/front/image_raw', '/rear/image_raw'] as const;
const LABELS = [
  'stop sign',
  'traffic light',
  'pedestrian crossing sign of a long name',
  'cone',
  '<b>bold</b>',
];
/** Where set, the pages' pictures are kept there for people to look at. */
const SHOTS = process.env['EFFVIT_SHOTS'];

describe('live page in Chromium', function () {
  this.timeout(300_000);
  let browser: BrowserPage;
  let page: LivePage;
  let feed: LiveFeed;
  let jpeg: Uint8Array;
  let timer: NodeJS.Timeout;
  let sequence = 0;

  before(async function () {
    const chromium = findChromium();
    if (chromium === undefined) return leaveOut(this, 'no Chromium: apt install chromium');
    browser = await BrowserPage.start(chromium);
    jpeg = await livePicture(readFileSync(packagePath('docs', 'images', 'scene.jpg')));
  });

  after(async () => {
    await browser?.close();
  });

  beforeEach(async () => {
    feed = new LiveFeed('/classifier');
    page = await LivePage.start({ feed, port: 0, address: '127.0.0.1' });
    feed.dropped(CAMERAS[1], 'queue_full');
    timer = setInterval(() => {
      feed.statistics(liveStatistics());
      feed.diagnostics(liveStatuses(CAMERAS));
      for (const camera of CAMERAS) {
        feed.frame(liveReport(camera, sequence++, LABELS), feed.wantsPictures ? jpeg : undefined);
      }
    }, 200);
  });

  afterEach(async () => {
    clearInterval(timer);
    await browser.evaluate(`location.replace('about:blank')`);
    await waitFor(async () => !feed.isWatched, 'the browser to leave');
    await page.close();
  });

  const text = async (selector: string): Promise<string> =>
    String(await browser.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ''`));

  /** Waits for a condition in the page. */
  const until = (expression: string, what: string): Promise<void> =>
    waitFor(async () => (await browser.evaluate(expression)) === true, what);

  const HAS_PICTURES = `document.querySelectorAll('.picture img:not([hidden])').length === 2
    && [...document.querySelectorAll('.picture img')].every((img) => img.complete && img.naturalWidth > 0)`;

  async function look(
    name: string,
    view: { widthPx: number; heightPx: number; isDark?: boolean; isPhone?: boolean },
  ): Promise<void> {
    await browser.open(page.url, view);
    await until(HAS_PICTURES, `the pictures: ${browser.console.join('\n')}`);
    if (SHOTS !== undefined) await browser.screenshot(`${SHOTS}/${name}.png`);
    const [whole, seen] = (await browser.evaluate(
      '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
    )) as [number, number];
    assert.ok(whole <= seen, `${whole} px of page on ${seen} px of screen`);
    assert.deepEqual(browser.console, []);
  }

  it('shows pictures, results, stages, drops and diagnostics of each camera', async () => {
    await look('desktop', { widthPx: 1280, heightPx: 900 });
    assert.equal(await text('h1'), '/classifier');
    assert.equal(await text('#connection'), 'Live');
    const [front = '', rear = ''] = (await browser.evaluate(
      `[...document.querySelectorAll('.camera')].map((card) => card.innerText)`,
    )) as string[];
    assert.match(
      front,
      /^\/front\/image_raw\s[\s\S]*stop sign\s+0\.900[\s\S]*inference 9\.80 ms[\s\S]*640 x 480/,
    );
    assert.match(front, /<b>bold<\/b>/, 'labels are text, whatever they hold');
    assert.match(front, /OK: 30\.0 frames a second/);
    assert.match(rear, /dropped: queue_full 1\b[\s\S]*WARN: 12 % of the camera's frames did not arrive/);
    assert.match(await text('#tiles'), /29\.97|30\.0/);
    assert.match(await text('#drops'), /queue_full\s+750\s+too_old\s+250/);
    assert.match(await text('#stages'), /inference\s+3,?000\s+9\.8/);
    assert.match(await text('#worst'), /1 of 5 need a look, the worst is WARN/);
    const widths = (await browser.evaluate(
      `[...document.querySelectorAll('.results')][0].querySelectorAll('.fill').length
        && [...[...document.querySelectorAll('.results')][0].querySelectorAll('.fill')].map((bar) => bar.style.width)`,
    )) as string[];
    assert.deepEqual(widths.slice(0, 2), ['90%', '22.5%']);
  });

  it('fits a phone, light and dark', async () => {
    await look('phone', { widthPx: 390, heightPx: 844, isPhone: true });
    const light = await contrasts();
    await look('phone-dark', { widthPx: 390, heightPx: 844, isPhone: true, isDark: true });
    const dark = await contrasts();
    // WCAG AA for text of this size.
    for (const [where, ratio] of [...light, ...dark])
      assert.ok(ratio >= 4.5, `${where}: ${ratio.toFixed(2)}`);
    assert.ok(light.length > 30, `${light.length} texts`);
    await look('small-phone', { widthPx: 320, heightPx: 568, isPhone: true });
    const buttons = (await browser.evaluate(
      `[...document.querySelectorAll('button')].map((button) => button.getBoundingClientRect().height)`,
    )) as number[];
    assert.ok(buttons.length === 2 && buttons.every((heightPx) => heightPx >= 44), 'as large as a finger');
  });

  it('is worked by the keyboard alone', async () => {
    await look('keyboard', { widthPx: 1280, heightPx: 900 });
    const focused = (): Promise<unknown> =>
      browser.evaluate(
        'document.activeElement.id || document.activeElement.className || document.activeElement.tagName',
      );
    await browser.press('Tab');
    assert.equal(await focused(), 'skip');
    await browser.press('Tab');
    assert.equal(await focused(), 'pictures');
    await browser.press('Enter');
    await until(`document.querySelectorAll('.picture img:not([hidden])').length === 0`, 'no pictures');
    await waitFor(async () => !feed.wantsPictures && feed.isWatched, 'a connection without pictures');
    assert.equal(await browser.evaluate(`document.getElementById('pictures').ariaPressed`), 'false');
    await browser.press('Tab');
    assert.equal(await focused(), 'hold');
    await browser.press('Enter');
    const held = await text('.camera .facts');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal(await text('.camera .facts'), held, 'it holds still');
    await browser.press('Enter');
    await until(
      `document.querySelector('.camera .facts').innerText !== ${JSON.stringify(held)}`,
      'it goes on',
    );
    // The values of a diagnosis open, and stay open while others come.
    await browser.press('Tab');
    assert.equal(await focused(), 'SUMMARY');
    await browser.press('Enter');
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.equal(await browser.evaluate(`document.querySelector('details').open`), true);
    assert.equal(await focused(), 'SUMMARY');
    assert.match(await text('details dl'), /received_frames\s+4000/);
  });

  it('has names for what it shows, and keeps still for who asks for that', async () => {
    await browser.open(page.url, { isCalm: true });
    await until(HAS_PICTURES, 'the pictures');
    const unnamed = await browser.evaluate(
      `[...document.querySelectorAll('img, button, table, section, article, ol')].filter((one) =>
        !(one.alt || one.ariaLabel || one.innerText?.trim() ||
          document.getElementById(one.getAttribute('aria-labelledby'))?.innerText)).length`,
    );
    assert.equal(unnamed, 0);
    const ids = (await browser.evaluate(
      `[...document.querySelectorAll('[id]')].map(({ id }) => id)`,
    )) as string[];
    assert.equal(new Set(ids).size, ids.length);
    assert.equal(
      await browser.evaluate(`getComputedStyle(document.querySelector('.fill')).transitionDuration`),
      '0s',
    );
  });

  it('says that the node is gone, and finds it again', async () => {
    await look('lost', { widthPx: 800, heightPx: 600 });
    const { port } = page;
    await page.close();
    await until(`document.getElementById('connection').dataset.state === 'lost'`, 'the loss');
    page = await LivePage.start({ feed, port, address: '127.0.0.1' });
    await until(`document.getElementById('connection').innerText === 'Live'`, 'the node again');
  });

  it('shows the regions of a frame, each where it is', async () => {
    clearInterval(timer);
    const report = liveReport(CAMERAS[0], 1, []);
    const region = { id: '7', unknown_cause: '', unknown_reason: '', results: [], smoothed_results: [] };
    const regions = [
      {
        ...region,
        ...{ left_px: 160, top_px: 120, width_px: 320, height_px: 240 },
        results: [{ class_index: 1, label: 'yield', score: 0.8 }],
      },
      { ...region, ...{ left_px: 0, top_px: 0, width_px: 0, height_px: 0 }, unknown_cause: 'outside' },
    ];
    timer = setInterval(() => {
      feed.statistics(liveStatistics());
      feed.frame({ ...report, regions }, jpeg);
    }, 200);
    await browser.open(page.url, {});
    await until(`document.querySelectorAll('.box').length === 1`, 'a box, and none for the other region');
    assert.match(await text('.camera:has(.box) .results'), /1: yield\s+0\.800\s+2: outside\s+0\.000/);
    const [box, picture] = (await browser.evaluate(`['.box', '.picture:has(.box)']
      .map((selector) => document.querySelector(selector).getBoundingClientRect())
      .map(({ left, top, width, height }) => [left, top, width, height])`)) as number[][];
    assert.ok(box !== undefined && picture !== undefined);
    const shares = [0, 1].map((at) => ((box[at] ?? 0) - (picture[at] ?? 0)) / (picture[at + 2] ?? 1));
    const sizes = [2, 3].map((at) => (box[at] ?? 0) / (picture[at] ?? 1));
    for (const [found, wanted] of [...shares, ...sizes].map((share, at) => [share, at < 2 ? 0.25 : 0.5])) {
      assert.ok(Math.abs((found ?? 0) - (wanted ?? 0)) < 0.01, `${shares} ${sizes}`);
    }
  });

  it('shows smoothed results beside the raw ones, those of regions too, and draws the roi', async () => {
    clearInterval(timer);
    const report = {
      ...liveReport(CAMERAS[0], 1, ['exit', 'stairs']),
      smoothed_results: [{ class_index: 1, label: 'stairs', score: 0.75 }],
      ...{ region_left_px: 64, region_top_px: 48, region_width_px: 320, region_height_px: 240 },
    };
    const region = {
      ...{
        id: '7',
        unknown_cause: '',
        unknown_reason: '',
        left_px: 160,
        top_px: 120,
        width_px: 64,
        height_px: 48,
      },
      results: [{ class_index: 1, label: 'yield', score: 0.5 }],
      smoothed_results: [{ class_index: 2, label: 'stop', score: 0.875 }],
    };
    const untracked = { ...region, smoothed_results: [] };
    const unseen = { ...region, left_px: 0, width_px: 0, unknown_cause: 'over_limit', results: [] };
    const ofRegions = { ...liveReport(CAMERAS[1], 1, []), regions: [region, unseen, untracked] };
    timer = setInterval(() => {
      feed.statistics(liveStatistics());
      feed.frame(report, jpeg);
      feed.frame(ofRegions, jpeg);
    }, 200);
    await browser.open(page.url, {});
    await until(`document.querySelectorAll('.camera .box').length === 3`, 'the roi and two boxes');
    const lists = (await browser.evaluate(
      `[...document.querySelectorAll('.camera:has(.roi) :is(.kind, .results)')].map((one) => one.innerText)`,
    )) as string[];
    assert.deepEqual(
      lists.map((shown) => shown.replaceAll(/\s+/g, ' ').trim()),
      ['Raw: this frame', 'exit 0.900 stairs 0.225', 'Smoothed over time', 'stairs 0.750'],
    );
    const share = await browser.evaluate(`(() => {
      const [roi, picture] = ['.roi', '.picture:has(.roi)'].map((one) => document.querySelector(one).getBoundingClientRect());
      return [(roi.left - picture.left) / picture.width, roi.width / picture.width].map((one) => one.toFixed(2));
    })()`);
    assert.deepEqual(share, ['0.10', '0.50']);
    const rows = await text('.camera:not(:has(.roi)) .results:not([hidden])');
    assert.match(
      rows,
      /1: stop\s+0\.875\s+smoothed; raw: yield 0\.500\s+2: stop\s+0\.875\s+smoothed; raw: over_limit 0\.000\s+3: yield\s+0\.500$/,
    );
    const boxes = await browser.evaluate(
      `[...document.querySelectorAll('.camera:not(:has(.roi)) .box')].map((one) => one.innerText)`,
    );
    assert.deepEqual(boxes, ['1 stop', '3 yield']);
  });

  it('left open over a restart of the node, it forgets the cameras that are no more', async () => {
    await browser.open(page.url, {});
    await until(HAS_PICTURES, 'two cameras');
    const { port } = page;
    await page.close();
    feed = new LiveFeed('/classifier');
    page = await LivePage.start({ feed, port, address: '127.0.0.1' });
    clearInterval(timer);
    timer = setInterval(() => {
      feed.statistics(liveStatistics());
      feed.frame(liveReport('/new/image_raw', sequence++, LABELS), jpeg);
    }, 200);
    await until(
      `[...document.querySelectorAll('.camera h3')].map((one) => one.innerText).join() === '/new/image_raw'
        && document.querySelector('.picture img').naturalWidth > 0`,
      'the new camera alone',
    );
    assert.equal(await text('#connection'), 'Live');
  });

  it('shows simulation and a pause', async () => {
    clearInterval(timer);
    timer = setInterval(() => feed.statistics(liveStatistics({ is_simulated: true, is_paused: true })), 200);
    await browser.open(page.url, {});
    await until(`!document.getElementById('paused').hidden`, 'the pause');
    assert.match(await text('header'), /SIMULATED[\s\S]*PAUSED/);
  });

  /** Every text that is shown, with its contrast to what is behind it (WCAG 2.2). */
  async function contrasts(): Promise<[string, number][]> {
    return (await browser.evaluate(`(() => {
      const channels = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
      const luminance = (colour) => {
        const [r, g, b] = channels(colour).map((value) => {
          const share = value / 255;
          return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const behind = (element) => {
        for (let one = element; one !== null; one = one.parentElement) {
          const colour = getComputedStyle(one).backgroundColor;
          if ((channels(colour)[3] ?? 1) > 0) return colour;
        }
        return 'rgb(255, 255, 255)';
      };
      return [...document.querySelectorAll('body *')]
        .filter((one) => one.checkVisibility() && [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== ''))
        .map((one) => {
          const [a, b] = [luminance(getComputedStyle(one).color), luminance(behind(one))];
          return [one.className || one.tagName, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
        });
    })()`)) as [string, number][];
  }
});
