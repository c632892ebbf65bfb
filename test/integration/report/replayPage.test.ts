import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { ClassifyOutcome } from '../../../src/classify/Classifier.js';
import { BrowserPage, type PageView } from '../../helpers/BrowserPage.js';
import { findChromium, type RenderedPage, renderPage } from '../../helpers/Chromium.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { dropped, many, pageOf, regions, result } from '../../helpers/replayReports.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

/** A class whose name would end the page's data, or be markup, if it were not escaped. */
const HOSTILE = '</script><img src=x onerror=alert(1)>';

const TOO_WIDE = `[...document.querySelectorAll('body *')]
  .filter((element) => !element.closest('.strip, .scroll, .uplot') && element.getClientRects().length > 0)
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
  .map((element) => element.outerHTML.slice(0, 80))`;

const TOO_PALE = `(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (element) => {
    const colour = channels(getComputedStyle(element).backgroundColor);
    return colour.length < 4 || colour[3] > 0 ? colour : behind(element.parentElement);
  };
  const pale = [];
  for (const element of document.querySelectorAll('body *')) {
    const isText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (!isText || element.closest('script, style, noscript') || element.getClientRects().length === 0) continue;
    const [text, ground] = [light(channels(getComputedStyle(element).color)), light(behind(element))];
    const contrast = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
    if (contrast < 4.5) pale.push(contrast.toFixed(2) + ' ' + element.textContent.slice(0, 40));
  }
  return pale;
})()`;

describe('replay report in a browser', () => {
  const scratch = scratchFolder();
  let chromium = '';

  before(function () {
    chromium =
      findChromium() ??
      leaveOut(this, 'No Chromium is installed: the report was not looked at in a browser.');
  });

  async function open(
    outcomes: Parameters<typeof pageOf>[0],
    view?: Parameters<typeof renderPage>[2],
    figures?: Parameters<typeof pageOf>[1],
  ): Promise<RenderedPage> {
    const path = scratch.path('report.html');
    await writeFile(path, await pageOf(outcomes, figures));
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

  it('shows raw against smoothed results, how often each changes, and what is wrong with pictures', async () => {
    const figures = { brightness: 1, contrast: 2, sharpness: 3, flatShare: 1, contentHash: 4 };
    const outcomes = many(6, (index): ClassifyOutcome => {
      const raw = result(index, '/front', index % 2 === 0 ? 'stairs' : 'exit');
      assert.ok(raw.kind === 'result');
      const smoothed = [{ index: 7, label: 'held class', score: 0.75 }];
      if (index !== 0) return { ...raw, smoothed };
      const picture = { figures, unchangedNs: 0, problems: ['covered', 'too_dark'] as const };
      return { ...raw, smoothed, picture, value: [], unknownCauses: ['covered'] };
    });
    const counted = {
      raw: { changes: 5, perMinute: 60 },
      smoothed: { changes: 1, perMinute: 12 },
      spanNs: 5e9,
    };
    const page = await open(outcomes, undefined, { changes: new Map([['/front', counted]]) });
    assert.match(page.html, /<td>\/front<\/td><td>5<\/td><td>60\.0<\/td><td>1<\/td><td>12\.0<\/td>/);
    assert.match(page.html, /UNKNOWN: no results\..*Smoothed.*held class.*Problems: covered, too_dark/s);
    assert.match(page.html, /<td>\/front<\/td><td>too_dark<\/td><td>1<\/td>/);
    for (const ribbon of ['raw', 'smoothed', 'problems']) {
      assert.match(page.html, new RegExp(`aria-label="${ribbon}, /front"`));
    }
    // Without the options nothing of this is there.
    const plain = await open([result(0, '/front', 'stairs')]);
    assert.doesNotMatch(plain.html, /Smoothed|Problems:|aria-label="smoothed/);
    assert.doesNotMatch(plain.html, /id="steadiness"/);
  });

  it('shows the regions of frames, drawn and listed, and their counts', async () => {
    const counts = [['regions classified', 3] as const, ['regions UNKNOWN, outside', 3] as const];
    const frames = many(3, (index) => regions(index, '/front'));
    const page = await open([...frames, dropped('/front')], undefined, { regionCounts: counts });
    assert.match(page.html, /\[box 0\] left, 320 x 240 at 64, 48/);
    assert.match(page.html, /\[box 1\] UNKNOWN: outside/);
    assert.match(page.html, /regions of 3 of 4 frames were classified/);
    assert.match(page.html, /<td>regions UNKNOWN, outside<\/td><td>3<\/td>/);
    // Cells of 128 x 96: a fifth of 640 x 480.
    const drawn = /class="box" style="left: 12\.8px; top: 9\.6px; width: 64px; height: 48px;"/g;
    assert.equal(page.html.match(drawn)?.length, 4);
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

  describe('by the keyboard, on a phone, in light and dark', () => {
    let browser: BrowserPage | undefined;

    before(async () => {
      browser = await BrowserPage.start(chromium);
    });

    after(() => browser?.close());

    async function openIn(outcomes: readonly ClassifyOutcome[], view?: PageView): Promise<BrowserPage> {
      assert.ok(browser !== undefined);
      const path = scratch.path('report.html');
      await writeFile(path, await pageOf(outcomes));
      await browser.open(path, view);
      assert.deepEqual(browser.console, []);
      return browser;
    }

    const drive = many(60, (index) =>
      result(index, index % 2 === 0 ? '/front_camera/image_raw/compressed' : '/rear', `class ${index % 12}`),
    );
    const focused = "document.activeElement.textContent + '|' + document.activeElement.id";
    const where = "document.querySelector('#frame .where').textContent.split(',')[0]";

    it('reaches the frames with one stop, steps through them, and goes on to every switch', async () => {
      const page = await openIn(drive);
      await page.press('Tab');
      assert.match(String(await page.evaluate(focused)), /^class 0 /);
      await page.press('ArrowRight');
      assert.equal(await page.evaluate(where), '#1');
      await page.press('End');
      assert.equal(await page.evaluate(where), '#59');
      const strip = "document.getElementById('strip')";
      assert.equal(
        await page.evaluate(
          `Math.ceil(${strip}.scrollLeft + ${strip}.clientWidth) >= ${strip}.scrollWidth - 20`,
        ),
        true,
      );
      await page.press('Home');
      const ids: string[] = [];
      for (const _ of Array(4)) {
        await page.press('Tab');
        ids.push(String(await page.evaluate(focused)).split('|')[1] ?? '');
      }
      assert.deepEqual(ids.slice(0, 3), ['previous', 'slider', 'next']);
      const pressed = "document.activeElement.getAttribute('aria-pressed')";
      assert.match(String(await page.evaluate(focused)), /queue wait/);
      assert.equal(await page.evaluate(pressed), 'true');
      await page.press('Enter');
      assert.equal(await page.evaluate(pressed), 'false');
    });

    it('has the figures of a row at one height where a name takes two lines', async () => {
      const page = await openIn(drive);
      const tops = await page.evaluate(`(() => {
        document.querySelector('.tiles dt').textContent = 'a name that is wider than its tile by far';
        return [...document.querySelectorAll('.tiles dd')].map((figure) => figure.getBoundingClientRect().top);
      })()`);
      assert.ok(Array.isArray(tops) && tops.length > 3);
      assert.equal(new Set(tops).size, 1, String(tops));
    });

    for (const view of [
      { widthPx: 320, heightPx: 640, isPhone: true },
      { widthPx: 1200, isDark: true },
    ]) {
      it(`fits ${view.widthPx} px and can be read${'isDark' in view ? ' in the dark' : ''}`, async () => {
        const page = await openIn([...drive, dropped('/rear')], view);
        // Nothing but what scrolls by itself may be wider than the window, or be cut off.
        assert.deepEqual(await page.evaluate(TOO_WIDE), []);
        // WCAG 2.2, 1.4.3: 4.5 to 1 for text.
        assert.deepEqual(await page.evaluate(TOO_PALE), []);
      });
    }
  });

  it('asks for nothing from anywhere', async () => {
    const html = await pageOf([result(0, '/front', 'one')]);
    assert.match(html, /default-src 'none'/);
    assert.doesNotMatch(html, /(src|href)="(?!data:)[a-z]/);
  });
});
