import assert from 'node:assert/strict';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { loadSharp } from '../../../src/image/loadSharp.js';
import { LiveFeed } from '../../../src/web/LiveFeed.js';
import { LivePage } from '../../../src/web/LivePage.js';
import { livePicture } from '../../../src/web/livePicture.js';
import { EventReader } from '../../helpers/EventReader.js';
import { liveReport, liveStatistics, liveStatuses } from '../../helpers/liveSamples.js';
import { waitFor } from '../../helpers/RosPeer.js';

const CAMERA = '/front/image_raw';
/** A period of the feed and more. */
const PERIOD_MS = 400;

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

function ask(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      );
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('live page over HTTP', function () {
  this.timeout(240_000);
  let page: LivePage;
  let feed: LiveFeed;
  let watched: boolean[] = [];
  const readers: EventReader[] = [];

  const open = async (path = 'events'): Promise<EventReader> => {
    const reader = await EventReader.open(`${page.url}${path}`);
    readers.push(reader);
    return reader;
  };

  const isWatched = (wanted: boolean): Promise<void> =>
    waitFor(async () => feed.isWatched === wanted, `watched: ${wanted}`);

  beforeEach(async () => {
    watched = [];
    feed = new LiveFeed('/classifier', (isOn) => watched.push(isOn));
    page = await LivePage.start({ feed, port: 0, address: '127.0.0.1' });
  });

  afterEach(async () => {
    for (const reader of readers.splice(0)) reader.close();
    await page.close();
  });

  it('serves its files with a policy that lets nothing in or out', async () => {
    for (const [path, type, content] of [
      ['', /text\/html/, /<html lang="en">/],
      ['base.css', /text\/css/, /light-dark/],
      ['live.css', /text\/css/, /\.cameras/],
      ['mithril.js', /text\/javascript/, /render/],
      ['parts.js', /text\/javascript/, /effvitParts/],
      ['liveView.js', /text\/javascript/, /effvitLiveView/],
      ['live.js', /text\/javascript/, /EventSource/],
      ['icon.svg', /image\/svg/, /<svg/],
    ] as const) {
      const { status, headers, body } = await ask(`${page.url}${path}`);
      assert.equal(status, 200, path);
      assert.match(headers['content-type'] ?? '', type);
      assert.match(body.toString(), content);
      assert.match(
        headers['content-security-policy']?.toString() ?? '',
        /^default-src 'none'; script-src 'self'/,
      );
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
      assert.equal(headers['access-control-allow-origin'], undefined);
      // Nothing of another machine is named.
      assert.doesNotMatch(body.toString().replaceAll('http://www.w3.org/', ''), /https?:\/\/|["'(]\/\/\w/);
    }
  });

  it('answers under the names of this machine alone, to reading alone', async () => {
    assert.equal((await ask(page.url, { host: 'localhost:1' })).status, 200);
    for (const path of ['', 'events', 'picture?camera=x']) {
      const stranger = await ask(`${page.url}${path}`, { host: `evil.example:${page.port}` });
      assert.equal(stranger.status, 421, path);
    }
    const post = await ask(page.url, {}, 'POST');
    assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
    const head = await ask(page.url, {}, 'HEAD');
    assert.deepEqual([head.status, head.body.length], [200, 0]);
    assert.equal((await ask(`${page.url}../package.json`)).status, 404);
    assert.equal((await ask(`${page.url}page/live.js`)).status, 404);
  });

  it('answers requests that make no sense, and serves on', async () => {
    for (const target of ['//', '///', 'http://[', '/\\\\', '*']) {
      const socket = connect(page.port, '127.0.0.1');
      socket.end(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      let answer = '';
      for await (const chunk of socket) answer += String(chunk);
      assert.match(answer, /^HTTP\/1\.1 40[04] /, target);
    }
    assert.equal((await ask(page.url)).status, 200);
  });

  it('sends a new browser the present state, then the updates', async () => {
    assert.equal(feed.takesFrame(CAMERA), false, 'nobody looks');
    feed.statistics(liveStatistics());
    feed.dropped(CAMERA, 'too_old');
    const reader = await open();
    await isWatched(true);
    feed.statistics(liveStatistics({ fps: 12 }));
    feed.diagnostics(liveStatuses([CAMERA]));
    assert.equal(feed.takesFrame(CAMERA), true);
    assert.equal(feed.takesFrame(CAMERA), false, 'five a second');
    feed.frame(liveReport(CAMERA, 41, ['a label with\na line break', 'b']));
    await waitFor(async () => reader.newest('frame') !== undefined, 'the frame');
    const { title, id } = reader.newest<{ title: string; id: string }>('hello') ?? {};
    assert.deepEqual([title, typeof id], ['/classifier', 'string']);
    const statistics = reader.newest<{ fps: number; received: number; dropped: { count: number }[] }>(
      'statistics',
    );
    assert.deepEqual([statistics?.fps, statistics?.received], [12, 4000]);
    assert.deepEqual(reader.newest('drops'), { [CAMERA]: { too_old: 1 } });
    assert.equal(reader.newest<unknown[]>('diagnostics')?.length, 4);
    const frame = reader.newest<{ source: string; results: { label: string }[]; picture?: number }>('frame');
    assert.deepEqual(
      [frame?.source, frame?.results[0]?.label, frame?.picture],
      [CAMERA, 'a label with\na line break', undefined],
    );
    reader.close();
    await isWatched(false);
    assert.deepEqual(watched, [true, false]);
  });

  it('has pictures for those who want them, and keeps none for nobody', async () => {
    const url = `${page.url}picture?camera=${encodeURIComponent(CAMERA)}`;
    assert.equal((await ask(url)).status, 404);
    const reader = await open('events?pictures=1');
    await isWatched(true);
    assert.equal(feed.wantsPictures, true);
    const rgb = new Uint8Array(1280 * 720 * 3).fill(90);
    const jpeg = await livePicture({ rgb, widthPx: 1280, heightPx: 720 });
    feed.frame(liveReport(CAMERA, 1, ['a']), jpeg);
    await waitFor(async () => reader.newest('frame') !== undefined, 'the frame');
    assert.equal(reader.newest<{ picture?: number }>('frame')?.picture, 1);
    const { status, headers, body } = await ask(url);
    assert.deepEqual([status, headers['content-type']], [200, 'image/jpeg']);
    const { format, width, height } = await loadSharp()(body).metadata();
    assert.deepEqual([format, width, height], ['jpeg', 640, 360]);
    reader.close();
    await isWatched(false);
    assert.equal((await ask(url)).status, 404);
  });

  it('leaves out what a slow browser cannot take, and the others go on', async () => {
    const slow = await open();
    const quick = await open();
    await waitFor(async () => feed.streamCount === 2, 'both');
    slow.stall();
    const labels = Array.from({ length: 1000 }, (_, index) => `a long label of no use, number ${index}`);
    const before = process.memoryUsage().rss;
    for (let sequence = 0; sequence < 500; sequence++) {
      feed.frame(liveReport(CAMERA, sequence, labels));
      await new Promise(setImmediate);
    }
    await waitFor(
      async () => quick.newest<{ sequence: number }>('frame')?.sequence === 499,
      'all frames at the quick one',
    );
    assert.ok(process.memoryUsage().rss - before < 200 * 2 ** 20);
    // 500 events of 60 KB would be 30 MB for it: they were left out, and what is sent now comes.
    slow.resume();
    let sequence = 500;
    await waitFor(async () => {
      feed.frame(liveReport(CAMERA, sequence++, ['a']));
      return (slow.newest<{ sequence: number }>('frame')?.sequence ?? 0) > 500;
    }, 'a frame after the stall');
    const sent = slow.events.filter(({ name }) => name === 'frame').length;
    assert.ok(sent < 400, `${sent} frames`);
  });

  it('serves sixteen browsers', async () => {
    const all = await Promise.all(Array.from({ length: 16 }, () => open()));
    await waitFor(async () => feed.streamCount === 16, 'all of them');
    const late = await ask(`${page.url}events`);
    assert.equal(late.status, 503);
    assert.match(late.body.toString(), /16 browsers are looking already/);
    all[0]?.close();
    await waitFor(async () => feed.streamCount === 15, 'one gone');
    assert.equal((await open()).status, 200);
  });

  it('says in one sentence that a port is taken, or an address not there', async () => {
    await assert.rejects(LivePage.start({ feed, port: page.port, address: '127.0.0.1' }), {
      code: 'IO_FAILED',
      message: `The live page cannot be served on port ${page.port} of 127.0.0.1: another program has that port, choose another one.`,
    });
    await assert.rejects(LivePage.start({ feed, port: 0, address: '192.0.2.7' }), {
      code: 'IO_FAILED',
      message: /no such address/,
    });
  });

  it('closes at once, whoever is connected', async () => {
    const reader = await open();
    const idle = connect(page.port, '127.0.0.1');
    idle.on('error', () => {});
    await new Promise((resolve) => idle.once('connect', resolve));
    await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
    const { port } = page;
    const startMs = performance.now();
    await page.close();
    assert.ok(performance.now() - startMs < 30_000);
    await waitFor(async () => reader.isEnded, 'the end of the events');
    assert.equal(feed.isWatched, false);
    const again = await LivePage.start({ feed, port, address: '127.0.0.1' });
    await again.close();
    idle.destroy();
  });
});
