import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packagePath } from '../../../src/core/packageRoot.js';
import type { PulledFile } from '../../../src/fetch/pullFile.js';
import { chunked, FaultyFileServer, good, slowly, stallAfter } from '../../helpers/FaultyFileServer.js';
import { fakeSafetensors } from '../../helpers/fakeWeights.js';
import { manifestYaml, type ScratchModels, scratchModels } from '../../helpers/scratchModels.js';

const CONTENT = fakeSafetensors(3_000_000);

interface Line {
  readonly phase?: string;
  readonly receivedBytes?: number;
  readonly files?: readonly PulledFile[];
  readonly code?: string;
  readonly message?: string;
}

describe('pullModel in processes of its own', () => {
  let scratch: ScratchModels;
  let server: FaultyFileServer;
  let folder: string;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    scratch = scratchModels();
    server = await FaultyFileServer.start(CONTENT, good);
    folder = join(scratch.cache, 'models', 'mine');
    scratch.addModel(
      'mine',
      manifestYaml(
        'mine',
        `files:
  weights: { file: model.safetensors, url: "${server.origin}/model.safetensors" }
  onnx: { builder: efficientvit, variant: m5 }
`,
      ),
    );
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await server.stop();
    scratch.remove();
  });

  interface Child {
    readonly process: ChildProcess;
    readonly lines: Line[];
    /** Resolves at the first line that fits, rejects when the process ends before. */
    readonly until: (fits: (line: Line) => boolean) => Promise<Line>;
    readonly end: Promise<{ exitCode: number | null; last: Line }>;
  }

  function pull(env: NodeJS.ProcessEnv = {}, options: { uid?: number; limits?: object } = {}): Child {
    const script = packagePath('build', 'test', 'helpers', 'pullChild.js');
    const child = spawn(process.execPath, [script, 'mine', JSON.stringify(options.limits ?? {})], {
      env: { PATH: process.env['PATH'], ...scratch.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
    });
    children.push(child);
    let errors = '';
    child.stderr.on('data', (text: Buffer) => {
      errors += text.toString();
    });
    const lines: Line[] = [];
    const waiting = new Set<() => void>();
    createInterface(child.stdout).on('line', (text) => {
      lines.push(JSON.parse(text) as Line);
      for (const check of waiting) check();
    });
    const end = new Promise<{ exitCode: number | null; last: Line }>((resolve) => {
      child.on('close', (exitCode) => {
        resolve({ exitCode, last: lines.at(-1) ?? { message: `no output; ${errors}` } });
        for (const check of waiting) check();
      });
    });
    const until = (fits: (line: Line) => boolean): Promise<Line> =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const line = lines.find(fits);
          if (line !== undefined) resolve(line);
          else if (child.exitCode !== null)
            reject(new Error(`It ended: ${JSON.stringify(lines.at(-1))} ${errors}`));
        };
        waiting.add(check);
        check();
      });
    return { process: child, lines, until, end };
  }

  const hasBytes = (line: Line): boolean => (line.receivedBytes ?? 0) > 500_000;

  it('does the work once when two run at once', async () => {
    // Long enough for the second process to start while the first downloads, on a loaded machine too.
    server.answer(slowly(120, 50));
    const a = pull();
    await a.until(hasBytes);
    const b = pull();
    const ends = await Promise.all([a.end, b.end]);
    for (const { exitCode, last } of ends) assert.equal(exitCode, 0, last.message);
    assert.equal(server.requests.length, 1, 'one download');
    const actions = ends.map(({ last }) => last.files?.map(({ action }) => action).join());
    assert.deepEqual(actions.sort(), ['downloaded,built', 'present,present']);
    assert.ok([...a.lines, ...b.lines].some(({ phase }) => phase === 'waiting'));
    assert.deepEqual(readFileSync(join(folder, 'model.safetensors')), CONTENT);
  });

  it('ends at Ctrl-C with a part that the next run continues', async () => {
    server.answer(slowly(100, 50));
    const child = pull();
    await child.until(hasBytes);
    child.process.kill('SIGINT');
    const { exitCode, last } = await child.end;
    assert.equal(exitCode, 1);
    assert.equal(last.code, 'CANCELLED');
    assert.deepEqual(readdirSync(folder).sort(), ['model.safetensors.part', 'model.safetensors.part.json']);
    server.answer(good);
    const again = await pull().end;
    assert.equal(again.exitCode, 0, again.last.message);
    assert.ok((again.last.files?.[0]?.resumedFromBytes ?? 0) > 500_000);
    assert.deepEqual(readFileSync(join(folder, 'model.safetensors')), CONTENT);
  });

  it('leaves no lock when a program that handles no signals is interrupted', async () => {
    server.answer(slowly(100, 50));
    const child = pull({ PULL_CHILD_HANDLES: 'nothing' });
    await child.until(hasBytes);
    assert.ok(existsSync(join(folder, '.lock')));
    child.process.kill('SIGINT');
    await child.end;
    assert.equal(child.process.signalCode, 'SIGINT');
    assert.equal(existsSync(join(folder, '.lock')), false);
  });

  it('survives a kill: the lock goes stale and the part is continued', async () => {
    server.answer(stallAfter(2_000_000));
    const child = pull();
    await child.until(hasBytes);
    child.process.kill('SIGKILL');
    await child.end;
    server.answer(good);
    const again = pull({}, { limits: { lockStaleMs: 2_000 } });
    const { exitCode, last } = await again.end;
    assert.equal(exitCode, 0, last.message);
    assert.ok(again.lines.some(({ phase }) => phase === 'waiting'));
    assert.ok((last.files?.[0]?.resumedFromBytes ?? 0) > 500_000);
    assert.deepEqual(readFileSync(join(folder, 'model.safetensors')), CONTENT);
  });

  it('ends when its lock is taken away', async () => {
    server.answer(slowly(200, 50));
    const child = pull({}, { limits: { lockStaleMs: 2_000 } });
    await child.until(hasBytes);
    rmSync(join(folder, '.lock'), { recursive: true });
    const { exitCode, last } = await child.end;
    assert.equal(exitCode, 1);
    assert.equal(last.code, 'IO_FAILED');
    assert.match(
      last.message ?? '',
      /^Another process took over .*models\/mine while this one was stopped: run/,
    );
  });

  it('waits for another process only so long', async () => {
    server.answer(stallAfter(2_000_000));
    const holder = pull();
    await holder.until(hasBytes);
    const { exitCode, last } = await pull({}, { limits: { lockTimeoutMs: 300 } }).end;
    assert.equal(exitCode, 1);
    assert.equal(last.code, 'TIMED_OUT');
    assert.match(last.message ?? '', /^Another process has held .*\.lock for 0 s: wait for it/);
  });

  it('names a cache folder that cannot be written', async function () {
    if (process.getuid?.() !== 0) {
      mkdirSync(scratch.cache);
      chmodSync(scratch.cache, 0o555);
    } else if (spawnSync('true', { uid: 65534 }).status !== 0) {
      console.log('      skipped: needs another user, and this process may not become one');
      return this.skip();
    }
    chmodSync(scratch.folder, 0o755);
    // As root everything can be written: the child runs as nobody then.
    const { exitCode, last } = await pull({}, process.getuid?.() === 0 ? { uid: 65534 } : {}).end;
    assert.equal(exitCode, 1);
    assert.equal(last.code, 'IO_FAILED', last.message);
    assert.match(
      last.message ?? '',
      /^Cannot write to the cache folder .*models\/mine \(EACCES\): set EFFVIT_CACHE to a folder that can be written\.$/,
    );
    return undefined;
  });

  it('names a cache folder that is a file', async () => {
    writeFileSync(scratch.cache, '');
    const { last } = await pull().end;
    assert.equal(last.code, 'IO_FAILED');
    assert.match(
      last.message ?? '',
      /^Cannot write to the cache folder .* \((ENOTDIR|EEXIST)\): set EFFVIT_CACHE/,
    );
  });

  describe('on a disk of 1 MiB', () => {
    let isMounted = false;
    beforeEach(function () {
      mkdirSync(scratch.cache);
      isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', scratch.cache]).status === 0;
      if (isMounted) return;
      console.log('      skipped: a small disk needs the right to mount one');
      this.skip();
    });
    afterEach(() => {
      if (isMounted) spawnSync('umount', [scratch.cache]);
      isMounted = false;
    });

    it('says before it begins that the file does not fit', async () => {
      const { exitCode, last } = await pull().end;
      assert.equal(exitCode, 1);
      assert.equal(last.code, 'IO_FAILED');
      const expected = new RegExp(
        `has \\d+ bytes free but the download needs ${CONTENT.length}: free some space`,
      );
      assert.match(last.message ?? '', expected);
      assert.deepEqual(readdirSync(folder), []);
    });

    it('keeps what it has when the disk fills up, and calls nothing complete', async () => {
      server.answer(chunked);
      const { exitCode, last } = await pull().end;
      assert.equal(exitCode, 1);
      assert.equal(last.code, 'IO_FAILED');
      assert.match(last.message ?? '', /the disk is full \(ENOSPC\): free some space or set EFFVIT_CACHE/);
      assert.deepEqual(
        readdirSync(folder).filter((name) => !name.includes('.part')),
        [],
      );
    });
  });

  describe('with a proxy', () => {
    const asked: string[] = [];
    let origin: string;
    const proxy = createServer((_request, response) => response.writeHead(500).end());
    proxy.on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      if (request.url?.startsWith('forbidden')) return void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      const [host, port] = (request.url ?? '').split(':');
      const upstream = connect(Number(port), host === 'models.invalid' ? '127.0.0.1' : host, () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on('error', () => socket.destroy());
      socket.on('error', () => upstream.destroy());
    });
    before(async () => {
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      origin = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    });
    after(() => {
      proxy.closeAllConnections();
      proxy.close();
    });
    beforeEach(() => asked.splice(0));

    it('goes through HTTP_PROXY', async () => {
      // A name that only the proxy can resolve.
      const mirror = server.origin.replace('127.0.0.1', 'models.invalid');
      const { exitCode, last } = await pull({ HTTP_PROXY: origin, EFFVIT_MODEL_MIRROR: mirror }).end;
      assert.equal(exitCode, 0, last.message);
      assert.deepEqual(asked, [new URL(mirror).host]);
    });

    it('goes past it for NO_PROXY', async () => {
      const { exitCode, last } = await pull({ http_proxy: origin, NO_PROXY: 'other.example, 127.0.0.1' }).end;
      assert.equal(exitCode, 0, last.message);
      assert.deepEqual(asked, []);
    });

    it('says that the proxy is not there', async () => {
      const { last } = await pull({ HTTP_PROXY: 'http://127.0.0.1:1' }).end;
      assert.match(
        last.message ?? '',
        /^Cannot reach 127\.0\.0\.1:\d+ through the proxy 127\.0\.0\.1:1 \(the connection is refused\)/,
      );
    });

    it('says that the proxy refuses', async () => {
      const mirror = 'http://forbidden.invalid:80';
      const { last } = await pull({ HTTP_PROXY: origin, EFFVIT_MODEL_MIRROR: mirror }).end;
      assert.equal(last.code, 'DOWNLOAD_FAILED');
      assert.match(
        last.message ?? '',
        /the proxy refuses the connection \(.*403.*\): correct HTTPS_PROXY or HTTP_PROXY/,
      );
    });

    it('refuses a proxy that is no address', async () => {
      const { last } = await pull({ HTTPS_PROXY: 'proxy:3128' }).end;
      assert.equal(last.code, 'BAD_CONFIG');
      assert.match(last.message ?? '', /for HTTPS_PROXY but received "proxy:3128": correct or unset it\.$/);
      assert.equal(existsSync(folder), false);
    });
  });
});
