import assert from 'node:assert/strict';
import { MockAgent } from 'undici';
import { AttemptError } from '../../../src/fetch/AttemptError.js';
import { DEFAULT_FETCH_LIMITS } from '../../../src/fetch/FetchLimits.js';
import { type OpenResponse, openResponse, retryAfterMs } from '../../../src/fetch/openResponse.js';

const SHA256 = 'ab'.repeat(32);

/** What needs https; everything else is tested against a real server. */
describe('openResponse over https', () => {
  let agent: MockAgent;
  beforeEach(() => {
    agent = new MockAgent();
    agent.disableNetConnect();
  });
  afterEach(() => agent.close());

  function open(): Promise<OpenResponse> {
    const { signal } = new AbortController();
    const options = { dispatcher: agent, limits: DEFAULT_FETCH_LIMITS, signal };
    return openResponse('https://hub.example/m', options, { range: 'bytes=5-' });
  }

  it('follows the hub to its store, keeps the range and the checksum of the first hop', async () => {
    const location = 'https://cdn.example/blob?signature=x';
    agent
      .get('https://hub.example')
      .intercept({ path: '/m' })
      .reply(302, '', { headers: { location, 'x-linked-etag': `"${SHA256}"` } });
    let seen: unknown;
    agent
      .get('https://cdn.example')
      .intercept({ path: '/blob?signature=x' })
      .reply((request) => {
        seen = request.headers;
        return { statusCode: 206, data: 'x', responseOptions: { headers: { etag: '"other"' } } };
      });
    const response = await open();
    assert.equal(response.status, 206);
    assert.equal(response.publishedSha256, SHA256);
    assert.equal(response.header('etag'), '"other"');
    assert.deepEqual(seen, {
      'user-agent': 'effvit',
      accept: '*/*',
      'accept-encoding': 'identity',
      range: 'bytes=5-',
    });
    await response.body.dump();
  });

  it('does not fall back to http', async () => {
    agent
      .get('https://hub.example')
      .intercept({ path: '/m' })
      .reply(302, '', { headers: { location: 'http://hub.example/m' } });
    await assert.rejects(open(), (error) => {
      assert.ok(error instanceof AttemptError);
      assert.equal(error.kind, 'fatal');
      assert.equal(error.message, 'the server redirects from https: to http:, which is not safe');
      return true;
    });
  });

  it('explains a certificate that is not accepted', async () => {
    const cause = Object.assign(new Error('self-signed certificate'), {
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    agent.get('https://hub.example').intercept({ path: '/m' }).replyWithError(cause);
    await assert.rejects(open(), (error) => {
      assert.ok(error instanceof AttemptError);
      assert.equal(error.kind, 'fatal');
      assert.match(error.message, /certificate is not accepted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/);
      assert.match(error.details.remedy ?? '', /NODE_EXTRA_CA_CERTS/);
      return true;
    });
  });
});

describe('retryAfterMs', () => {
  it('reads seconds or a date', () => {
    const nowMs = Date.parse('2026-01-02T03:04:05Z');
    assert.equal(retryAfterMs('120', nowMs), 120_000);
    assert.equal(retryAfterMs('Fri, 02 Jan 2026 03:05:05 GMT', nowMs), 60_000);
    assert.equal(retryAfterMs('Fri, 02 Jan 2026 03:00:00 GMT', nowMs), 0);
    for (const unusable of [undefined, '', '-5', 'soon', '99999999999']) {
      assert.equal(retryAfterMs(unusable, nowMs), undefined, unusable);
    }
  });
});
