import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EffvitError } from '../../../src/core/EffvitError.js';
import type { BuildOnnx } from '../../../src/fetch/ensureOnnx.js';
import type { PulledFile } from '../../../src/fetch/pullFile.js';
import { type PullOptions, pullModel } from '../../../src/fetch/pullModel.js';
import { resolveModel } from '../../../src/model/resolveModel.js';
import {
  type Answer,
  chunked,
  claimLength,
  cutAfter,
  FaultyFileServer,
  good,
  never,
  redirect,
  stallAfter,
  status,
  wrongRange,
} from '../../helpers/FaultyFileServer.js';
import { fakeSafetensors } from '../../helpers/fakeWeights.js';
import { manifestYaml, type ScratchModels, scratchModels } from '../../helpers/scratchModels.js';

const CONTENT = fakeSafetensors(300_000);
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');

/** A server that answers is waited for, however loaded this machine is. */
const LIMITS = {
  headersTimeoutMs: 30_000,
  stallTimeoutMs: 30_000,
  baseDelayMs: 5,
  maxDelayMs: 20,
  maxRetryAfterMs: 2_000,
  progressBytes: 50_000,
};

/** For a server that does not answer: as long as it takes a loaded machine to get the first bytes. */
const IMPATIENT = { headersTimeoutMs: 1500, stallTimeoutMs: 1500 };

/** Stands for the graph builder: what it writes tells what it was given. */
const buildOnnx: BuildOnnx = async ({ weightsPath, outputPath, source, classCount }) => {
  const weights = createHash('sha256').update(readFileSync(weightsPath)).digest('hex');
  writeFileSync(outputPath, `${source.variant} ${classCount} ${weights}`);
};

describe('pullModel', () => {
  let scratch: ScratchModels;
  let server: FaultyFileServer;
  let folder: string;
  let target: string;

  beforeEach(() => {
    scratch = scratchModels();
    folder = join(scratch.cache, 'models', 'mine');
    target = join(folder, 'model.safetensors');
  });
  afterEach(async () => {
    await server.stop();
    scratch.remove();
  });

  async function serve(...answers: Answer[]): Promise<void> {
    server = await FaultyFileServer.start(CONTENT, ...answers);
  }

  async function pull(
    options: Partial<PullOptions> & { source?: string; url?: string } = {},
  ): Promise<readonly PulledFile[]> {
    const { source = '', url = `${server.origin}/model.safetensors`, ...rest } = options;
    scratch.addModel(
      'mine',
      manifestYaml(
        'mine',
        `files:
  weights: { file: model.safetensors, url: "${url}" ${source} }
  onnx: { builder: efficientvit, variant: m5 }
  bpu: { rdk-x5: { file: mine.bin, march: bayes-e, url: "${server.origin}/mine.bin" } }
`,
      ),
    );
    const manifest = await resolveModel('mine', scratch.env);
    return pullModel(manifest, {
      buildOnnx,
      ...rest,
      env: { ...scratch.env, ...rest.env },
      limits: { ...LIMITS, ...rest.limits },
    });
  }

  async function failure(promise: Promise<unknown>): Promise<EffvitError> {
    try {
      await promise;
    } catch (error) {
      assert.ok(error instanceof EffvitError, String(error));
      assert.doesNotMatch(error.message, /\n|\. [A-Z]/, 'one sentence');
      assert.match(error.message, /\.$/);
      return error;
    }
    return assert.fail('The pull succeeded.');
  }

  /** Nothing that counts as complete, no lock; a part is fine. */
  function assertNothingComplete(): void {
    const names = existsSync(folder) ? readdirSync(folder) : [];
    assert.deepEqual(
      names.filter((name) => !/^model\.safetensors\.part(\.json)?$/.test(name)),
      [],
    );
  }

  it('downloads, checks, builds and cleans up', async () => {
    await serve(good);
    const phases = new Set<string>();
    const files = await pull({ onProgress: ({ phase }) => phases.add(phase) });
    assert.deepEqual(
      files.map(({ kind, action, verifiedBy }) => ({ kind, action, verifiedBy })),
      [
        { kind: 'weights', action: 'downloaded', verifiedBy: 'first_use' },
        { kind: 'onnx', action: 'built', verifiedBy: undefined },
      ],
    );
    assert.deepEqual(readFileSync(target), CONTENT);
    assert.equal(files[0]?.sha256, SHA256);
    const onnx = `mine.${SHA256.slice(0, 16)}.v2.onnx`;
    assert.equal(readFileSync(join(folder, onnx), 'utf8'), `m5 3 ${SHA256}`);
    assert.deepEqual(
      readdirSync(folder).sort(),
      ['built.json', onnx, 'model.safetensors', 'trust.json'].sort(),
    );
    assert.deepEqual([...phases], ['downloading', 'checking', 'building']);
  });

  it('does not ask again for what is there', async () => {
    await serve(good);
    await pull();
    const files = await pull();
    assert.equal(server.requests.length, 1);
    assert.deepEqual(
      files.map(({ action, verifiedBy }) => [action, verifiedBy]),
      [
        ['present', 'earlier_download'],
        ['present', undefined],
      ],
    );
  });

  it('gets a chip its file alone', async () => {
    await serve((_request, response) => response.end(Buffer.from([8, 1, 16, 1, 42, ...Array(40).keys()])));
    const files = await pull({ target: 'rdk-x5' });
    assert.deepEqual(
      files.map(({ kind, chip, path }) => [kind, chip, path]),
      [['bpu', 'rdk-x5', join(folder, 'mine.bin')]],
    );
    const error = await failure(pull({ target: 'rdk-x3' }));
    assert.equal(error.message, 'mine has no .bin file for rdk-x3: its manifest lists rdk-x5.');
  });

  describe('goes on where it was', () => {
    it('after cuts, asking for the rest alone', async () => {
      await serve(cutAfter(100_000), cutAfter(100_000), good);
      const retries: string[] = [];
      const files = await pull({
        onProgress: (progress) => {
          if (progress.phase === 'retrying') retries.push(progress.reason);
        },
      });
      assert.equal(files[0]?.sha256, SHA256);
      assert.equal(retries.length, 2);
      assert.equal(server.requests[0]?.range, undefined);
      for (const request of server.requests.slice(1)) {
        assert.match(request.range ?? '', /^bytes=[1-9]\d*-$/);
        assert.equal(request.ifRange, '"one"');
      }
    });

    it('after a stall', async () => {
      await serve(stallAfter(100_000), good);
      const reasons: string[] = [];
      await pull({
        limits: IMPATIENT,
        onProgress: (progress) => {
          if (progress.phase === 'retrying') reasons.push(progress.reason);
        },
      });
      assert.deepEqual(reasons, ['the server stopped sending']);
      assert.match(server.requests[1]?.range ?? '', /^bytes=\d+-$/);
    });

    it('as often as needed while each attempt gets on', async () => {
      await serve(...Array<Answer>(5).fill(cutAfter(55_000)), good);
      await pull({ limits: { maxAttempts: 2 } });
      assert.equal(server.requests.length, 6);
    });

    it('in a later run, and says how much was left', async () => {
      await serve(cutAfter(200_000));
      const error = await failure(pull({ limits: { maxAttempts: 1 } }));
      assert.equal(error.code, 'DOWNLOAD_FAILED');
      assert.match(error.message, /the connection was cut.*run the command again later; \d+ bytes are kept/);
      assertNothingComplete();
      server.answer(good);
      const [weights] = await pull();
      assert.ok((weights?.resumedFromBytes ?? 0) > 0);
      assert.equal(weights?.sha256, SHA256);
    });

    it('not when the server has another version by then', async () => {
      await serve(cutAfter(100_000));
      await failure(pull({ limits: { maxAttempts: 1 } }));
      server.content = fakeSafetensors(200_000, 7);
      server.etag = '"two"';
      server.answer(good);
      const [weights] = await pull();
      assert.equal(weights?.resumedFromBytes, undefined);
      assert.deepEqual(readFileSync(target), server.content);
    });

    it('not without a validator, nor with a weak one', async () => {
      for (const etag of [undefined, 'W/"one"']) {
        await serve(cutAfter(100_000), good);
        server.etag = etag;
        await pull();
        assert.deepEqual(
          server.requests.map(({ range }) => range),
          [undefined, undefined],
        );
        assert.deepEqual(readFileSync(target), CONTENT);
        await server.stop();
        rmSync(scratch.cache, { recursive: true });
      }
      await serve(good);
    });

    it('not with a part of another range', async () => {
      await serve(cutAfter(100_000), wrongRange, good);
      await pull();
      assert.deepEqual(
        server.requests.map(({ range }) => range !== undefined),
        [false, true, false],
      );
      assert.deepEqual(readFileSync(target), CONTENT);
    });

    it('not when the server says that the range is outside', async () => {
      await serve(cutAfter(100_000), status(416), good);
      await pull();
      assert.equal(server.requests[2]?.range, undefined);
      assert.deepEqual(readFileSync(target), CONTENT);
    });

    it('with nothing left to ask when only the check was missing', async () => {
      await serve(good);
      mkdirSync(folder, { recursive: true });
      const url = `${server.origin}/model.safetensors`;
      writeFileSync(`${target}.part`, CONTENT);
      writeFileSync(
        `${target}.part.json`,
        JSON.stringify({ url, etag: '"one"', totalBytes: CONTENT.length, publishedSha256: SHA256 }),
      );
      const [weights] = await pull();
      assert.equal(server.requests.length, 0);
      assert.equal(weights?.verifiedBy, 'publisher');
    });

    it('not with a part whose origin is unknown', async () => {
      await serve(good);
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${target}.part`, 'something else');
      await pull();
      assert.equal(server.requests[0]?.range, undefined);
      assert.deepEqual(readFileSync(target), CONTENT);
    });
  });

  describe('tries again', () => {
    for (const code of [408, 429, 500, 502, 503, 504]) {
      it(`after ${code}`, async () => {
        await serve(status(code), good);
        await pull();
        assert.equal(server.requests.length, 2);
      });
    }

    it('no sooner than Retry-After asks', async () => {
      await serve(status(429, { 'retry-after': '1' }), good);
      const delays: number[] = [];
      await pull({
        onProgress: (progress) => {
          if (progress.phase === 'retrying') delays.push(progress.delayMs);
        },
      });
      assert.deepEqual(delays, [1000]);
    });

    it('not when Retry-After asks for an hour', async () => {
      await serve(status(503, { 'retry-after': '3600' }));
      const error = await failure(pull());
      assert.match(
        error.message,
        /the server answered 503 and asks to wait 3600 s: run the command again later/,
      );
      assert.equal(server.requests.length, 1);
    });

    it('only so many times', async () => {
      await serve(status(500));
      const error = await failure(pull({ limits: { maxAttempts: 4 } }));
      assert.equal(error.code, 'DOWNLOAD_FAILED');
      assert.match(
        error.message,
        /the server answered 500, 4 times in a row: run the command again later\.$/,
      );
      assert.equal(server.requests.length, 4);
      assertNothingComplete();
    });

    it('only so many times when every attempt starts over', async () => {
      await serve(cutAfter(200_000));
      server.etag = undefined;
      await failure(pull({ limits: { maxAttempts: 3 } }));
      // The first one got on, so the count starts after it.
      assert.equal(server.requests.length, 3);
    });

    it('when the server takes the request and says nothing', async () => {
      await serve(never, good);
      await pull({ limits: IMPATIENT });
      assert.equal(server.requests.length, 2);
    });

    it('when a part comes that nobody asked for, without a word of its place', async () => {
      const part: Answer = (_request, response, { content }) => {
        response.writeHead(206);
        response.write(content.subarray(0, 100));
        response.end(content.subarray(100));
      };
      await serve(part, good);
      await pull();
      assert.equal(server.requests.length, 2);
      assert.deepEqual(readFileSync(target), CONTENT);
    });

    it('when less comes than the length says', async () => {
      await serve(claimLength(CONTENT.length + 5), good);
      await pull();
      assert.deepEqual(readFileSync(target), CONTENT);
    });
  });

  describe('refuses', () => {
    for (const code of [400, 401, 403, 404, 410]) {
      it(`${code} at once`, async () => {
        await serve(status(code));
        const error = await failure(pull());
        assert.equal(error.code, 'DOWNLOAD_FAILED');
        assert.match(
          error.message,
          new RegExp(`^Cannot download http://127.*safetensors, the server answered ${code}: .*MIRROR`),
        );
        assert.equal(server.requests.length, 1);
        assertNothingComplete();
      });
    }

    it('a loop of redirects', async () => {
      await serve(redirect('/again'));
      const error = await failure(pull({ limits: { maxRedirects: 3 } }));
      assert.match(error.message, /the server redirects more than 3 times/);
      assert.equal(server.requests.length, 4);
    });

    it('a redirect to nowhere or to a file', async () => {
      await serve(status(302), redirect('file:///etc/passwd'));
      assert.match((await failure(pull())).message, /redirects to "nowhere"/);
      assert.match((await failure(pull())).message, /redirects from http: to file:/);
    });

    it('a web page, a text and a Git LFS pointer', async () => {
      const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${SHA256}\nsize 1234\n`;
      await serve(
        status(200, { 'content-type': 'text/html; charset=utf-8' }, '<html>log in</html>'),
        status(200, {}, pointer),
      );
      assert.match((await failure(pull())).message, /a web page instead of the file/);
      assert.match((await failure(pull())).message, /are no weights file \(they begin with "version https:/);
      assertNothingComplete();
      assert.deepEqual(readdirSync(folder), [], 'a refused download is not continued');
    });

    it('a compressed body', async () => {
      await serve(status(200, { 'content-encoding': 'gzip' }));
      assert.match((await failure(pull())).message, /sends the file as gzip though asked not to/);
    });

    it('a file shorter than its own header says', async () => {
      await serve(claimLength(CONTENT.length - 1000));
      const error = await failure(pull({ limits: { maxAttempts: 2 } }));
      assert.equal(error.code, 'DOWNLOAD_FAILED');
      assertNothingComplete();
    });

    it('another length than the manifest has', async () => {
      await serve(good);
      const error = await failure(pull({ source: ', length_bytes: 299999' }));
      assert.match(error.message, new RegExp(`has ${CONTENT.length} bytes where the manifest says 299999`));
      assertNothingComplete();
    });

    it('a longer body than the manifest has, where the server gives no length', async () => {
      await serve(chunked);
      const error = await failure(pull({ source: ', length_bytes: 150', limits: { maxAttempts: 2 } }));
      assert.match(error.message, /the server sends more than 150 bytes/);
      assertNothingComplete();
    });

    it('a length that no model has', async () => {
      await serve(good);
      const error = await failure(pull({ limits: { maxBytes: 1000 } }));
      assert.match(
        error.message,
        new RegExp(`the server offers ${CONTENT.length} bytes, more than any model has`),
      );
    });

    it('a model with nothing to get', async () => {
      await serve(good);
      const get = async (rest: string): Promise<EffvitError> => {
        scratch.addModel('bare', manifestYaml('bare', rest));
        return failure(pullModel(await resolveModel('bare', scratch.env), { env: scratch.env }));
      };
      assert.equal((await get('')).message, 'bare has nothing for the CPU: its manifest lists no ONNX file.');
      assert.match(
        (await get('files: { onnx: { file: a.onnx } }\n')).message,
        /^The ONNX file of bare has no address to get it from: put the file at .*models\/bare\/a\.onnx\.$/,
      );
    });

    it('an endless body', async () => {
      await serve(chunked);
      const error = await failure(pull({ limits: { maxBytes: 1000, maxAttempts: 1 } }));
      assert.match(error.message, /the server sends more than 1000 bytes/);
    });

    it('another checksum than the manifest has', async () => {
      await serve(good);
      const error = await failure(pull({ source: `, sha256: ${'f'.repeat(64)}` }));
      assert.equal(error.code, 'CHECKSUM_MISMATCH');
      assert.match(error.message, new RegExp(`has the sha256 ${SHA256} where the manifest says ffff`));
      assertNothingComplete();
    });
  });

  describe('trusts', () => {
    it('the checksum in the manifest', async () => {
      await serve(good);
      const [weights] = await pull({ source: `, sha256: ${SHA256}, length_bytes: ${CONTENT.length}` });
      assert.equal(weights?.verifiedBy, 'manifest');
      assert.equal(existsSync(join(folder, 'trust.json')), false);
    });

    it("the publisher's checksum on the way, and holds the file to it", async () => {
      await serve(redirect('/cdn', { 'x-linked-etag': `"${SHA256}"` }), good);
      const [weights] = await pull();
      assert.equal(weights?.verifiedBy, 'publisher');
      rmSync(folder, { recursive: true });
      server.answer(redirect('/cdn', { 'x-linked-etag': `"${'1'.repeat(64)}"` }), good);
      const error = await failure(pull());
      assert.equal(error.code, 'CHECKSUM_MISMATCH');
      assert.match(error.message, /where its publisher says 1111/);
      assertNothingComplete();
    });

    it('the first download, and refuses a change until it is accepted', async () => {
      await serve(good);
      await pull();
      rmSync(target);
      server.content = fakeSafetensors(1000, 9);
      server.etag = '"two"';
      const changed = createHash('sha256').update(server.content).digest('hex');
      const error = await failure(pull());
      assert.equal(error.code, 'CHECKSUM_MISMATCH');
      assert.match(
        error.message,
        new RegExp(
          `not what was first downloaded from .* \\(sha256 ${SHA256}, now ${changed}\\).*\`effvit model pull mine --accept-changed\``,
        ),
      );
      assert.equal(existsSync(target), false);
      assert.equal(existsSync(`${target}.part`), false);

      const [weights, onnx] = await pull({ acceptChanged: true });
      assert.deepEqual([weights?.sha256, weights?.verifiedBy, onnx?.action], [changed, 'first_use', 'built']);
      assert.equal((await pull())[0]?.verifiedBy, 'earlier_download');
    });

    it('no file that changed on disk', async () => {
      await serve(good);
      await pull();
      writeFileSync(target, fakeSafetensors(2000, 4));
      assert.equal((await failure(pull())).code, 'CHECKSUM_MISMATCH');
    });

    it('a file that was put there by hand', async () => {
      await serve(status(404));
      mkdirSync(folder, { recursive: true });
      writeFileSync(target, CONTENT);
      const [weights, onnx] = await pull();
      assert.deepEqual(
        [weights?.action, weights?.verifiedBy, onnx?.action],
        ['present', 'first_use', 'built'],
      );
      assert.equal(server.requests.length, 0);
    });

    it('nothing when its record is damaged', async () => {
      await serve(good);
      await pull();
      writeFileSync(join(folder, 'trust.json'), '{"a"');
      const error = await failure(pull());
      assert.match(error.message, /trust\.json, the record of downloaded files, is damaged: delete it/);
    });
  });

  describe('finds its way', () => {
    it('through a mirror', async () => {
      await serve(good);
      const url = 'https://huggingface.co/timm/m/resolve/main/model.safetensors';
      await pull({ url, env: { EFFVIT_MODEL_MIRROR: `${server.origin}/hub/` } });
      assert.equal(server.requests[0]?.url, '/hub/timm/m/resolve/main/model.safetensors');
      const record: unknown = JSON.parse(readFileSync(join(folder, 'trust.json'), 'utf8'));
      assert.equal((record as Record<string, { url: string }>)['model.safetensors']?.url, url);
    });

    it('offline: one sentence with both ways out', async () => {
      await serve(good);
      const url = 'http://127.0.0.1:1/model.safetensors';
      const error = await failure(pull({ url }));
      assert.equal(error.code, 'DOWNLOAD_FAILED');
      assert.equal(
        error.message,
        `Cannot reach 127.0.0.1:1 (the connection is refused): without a way to the internet, name a copy that can be reached in EFFVIT_MODEL_MIRROR, or put the file from ${url} at ${target} by hand and run the command again.`,
      );
      assertNothingComplete();
    });

    it('offline by name, too', async () => {
      await serve(good);
      const error = await failure(pull({ url: 'http://host.invalid/model.safetensors' }));
      assert.match(error.message, /^Cannot reach host\.invalid \(its name cannot be looked up\): without/);
    });
  });

  it('stops when it is cancelled, and continues later', async () => {
    await serve(stallAfter(100_000));
    const stop = new AbortController();
    const error = await failure(
      pull({
        signal: stop.signal,
        limits: { stallTimeoutMs: 30_000 },
        onProgress: (progress) => {
          if (progress.phase === 'downloading' && progress.receivedBytes > 50_000) stop.abort();
        },
      }),
    );
    assert.equal(error.code, 'CANCELLED');
    assert.match(error.message, /was interrupted; \d+ bytes are kept in .*\.part: run the command again/);
    assertNothingComplete();
    server.answer(good);
    assert.ok(((await pull())[0]?.resumedFromBytes ?? 0) > 0);
  });

  it('stops while it waits for the next try', async () => {
    await serve(status(503, { 'retry-after': '1000' }));
    const stop = new AbortController();
    const error = await failure(
      pull({
        signal: stop.signal,
        limits: { maxRetryAfterMs: 1e9 },
        onProgress: ({ phase }) => {
          if (phase === 'retrying') stop.abort();
        },
      }),
    );
    assert.equal(error.code, 'CANCELLED');
  });

  it('leaves no graph behind when the builder fails', async () => {
    await serve(good);
    const error = await failure(
      pull({
        buildOnnx: async ({ outputPath }) => {
          writeFileSync(outputPath, 'half');
          throw new EffvitError('BAD_WEIGHTS', 'The weights are wrong.');
        },
      }),
    );
    assert.equal(error.code, 'BAD_WEIGHTS');
    assert.deepEqual(readdirSync(folder).sort(), ['model.safetensors', 'trust.json']);
  });
});
