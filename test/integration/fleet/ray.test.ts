import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cacheFolder } from '../../../src/core/cacheFolder.js';
import { packagePath } from '../../../src/core/packageRoot.js';
import type { FleetReport } from '../../../src/fleet/fleetReport.js';
import { writeColourBag } from '../../helpers/colourBag.js';
import { writeColourModel } from '../../helpers/colourModel.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { RayCluster } from '../../helpers/RayCluster.js';
import { runEffvit } from '../../helpers/runEffvit.js';

const DRIVER = packagePath('examples', 'fleet', 'replay_on_ray.py');
const BAGS = 200;
const LIMIT_MS = 900_000;

/** The Python that scripts/fleet/check.mjs makes, or another one with Ray in it. */
const PYTHON = process.env['EFFVIT_RAY_PYTHON'] ?? join(cacheFolder(), 'fleet', 'bin', 'python');

interface DriverRun {
  readonly code: number | null;
  readonly output: string;
}

describe('examples/fleet/replay_on_ray.py', function () {
  this.timeout(LIMIT_MS);
  let folder = '';
  let model = '';
  let cluster: RayCluster | undefined;

  const path = (...segments: string[]): string => join(folder, ...segments);

  before(async function () {
    const probe = spawnSync(PYTHON, ['-c', 'import ray, fsspec, s3fs, moto'], { timeout: 120_000 });
    if (probe.status !== 0)
      leaveOut(this, 'no Python with Ray: npm run fleet:check makes one and runs these tests');
    folder = mkdtempSync(join(tmpdir(), 'effvit-test-'));
    model = await writeColourModel(path('colours'));
    mkdirSync(path('bags'));
    for (let at = 0; at < BAGS - 2; at++) {
      await writeColourBag(path('bags', `${at}.mcap`), 3 + (at % 5), 1_700_000_000 + 100 * at);
    }
    // One of the same content as another, and one that is none.
    writeFileSync(path('bags', 'copy.mcap'), readFileSync(path('bags', '7.mcap')));
    writeFileSync(path('bags', 'junk.mcap'), 'junk');
    cluster = await RayCluster.start(PYTHON);
  });

  after(async () => {
    await cluster?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The driver as a person calls it. `onBags` is told how many bags are done. */
  async function drive(
    args: readonly string[],
    onBags: (done: number) => void = () => undefined,
  ): Promise<DriverRun> {
    const all = [
      DRIVER,
      '--address',
      cluster?.address ?? '',
      ...args,
      '--',
      '--model',
      model,
      '--threads',
      '1',
    ];
    const child = spawn(PYTHON, all, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let done = 0;
    const take = (text: string): void => {
      output += text;
      for (const [, count] of text.matchAll(/^(\d+)\/\d+ bags/gm)) done = Math.max(done, Number(count));
      onBags(done);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output };
  }

  function inRun(out: string, ...segments: string[]): string {
    const [key = '', ...others] = readdirSync(path(out, 'runs'));
    assert.deepEqual(others, []);
    return path(out, 'runs', key, ...segments);
  }

  /** Every file of a folder, and what is in it. */
  function contents(root: string): Record<string, string> {
    const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.includes('.'),
    );
    return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(root, name), 'latin1')]));
  }

  function assertSame(one: string, other: string): void {
    for (const name of ['report.json', 'report.html', 'bags.jsonl', 'run.json']) {
      assert.equal(readFileSync(inRun(one, name), 'utf8'), readFileSync(inRun(other, name), 'utf8'), name);
    }
    assert.deepEqual(contents(inRun(one, 'results')), contents(inRun(other, 'results')));
  }

  it(`gives one machine's report of ${BAGS} bags, though a worker and then a node are killed`, async () => {
    const args = ['replay', 'bags', '--model', model, '--output-dir', 'one', '--quiet'];
    assert.equal((await runEffvit(args, { cwd: folder, limitMs: LIMIT_MS })).code, 1);
    const [nodeA = 0, nodeB = 0] = cluster?.raylets ?? [];
    const killed: string[] = [];
    const { code, output } = await drive(['--output-dir', 'ray', '--bags-per-task', '8', 'bags'], (done) => {
      if (done >= BAGS / 5 && killed.length === 0) {
        const worker = RayCluster.workerOf(nodeA);
        if (worker === undefined) return;
        process.kill(worker, 'SIGKILL');
        killed.push('worker');
      } else if (done >= BAGS / 2 && killed.length === 1) {
        process.kill(nodeB, 'SIGKILL');
        killed.push('node');
      }
    });
    assert.equal(code, 1, output);
    assert.deepEqual(killed, ['worker', 'node'], output);
    const { bags, worst_first: rows } = JSON.parse(
      readFileSync(inRun('ray', 'report.json'), 'utf8'),
    ) as FleetReport;
    assert.deepEqual(bags, { named: BAGS, done: BAGS - 1, failed: 1, missing: 0, copies: 1 });
    assert.equal(new Set(rows.map(({ name }) => name)).size, BAGS);
    assertSame('ray', 'one');
    // Started again, it finds nothing to do but the broken bag.
    const again = await drive(['--output-dir', 'ray', 'bags']);
    assert.match(again.output, /^1\/1 bags/m);
    assertSame('ray', 'one');
  });

  it('takes bags from an object storage, two tasks to a processor, and tries what is missing no more than it must', async () => {
    const server = await startS3();
    try {
      const storage = { key: 'test', secret: 'test', endpoint_url: server.url };
      const upload = `
import json, sys, fsspec
fs = fsspec.filesystem('s3', **json.loads(sys.argv[1]))
fs.mkdir('robots')
fs.put(sys.argv[2:], 'robots/day/')`;
      const bags = Array.from({ length: 12 }, (_, at) => path('bags', `${at}.mcap`));
      const put = spawnSync(PYTHON, ['-c', upload, JSON.stringify(storage), ...bags], { encoding: 'utf8' });
      assert.equal(put.status, 0, put.stderr);
      const lines = bags.map((bag, at) => `${bag}\ts3://robots/day/${at}.mcap\n`);
      writeFileSync(path('list.txt'), lines.join(''));
      const args = ['replay', '@list.txt', '--model', model, '--output-dir', 'local', '--quiet'];
      assert.equal((await runEffvit(args, { cwd: folder })).code, 0);
      const flags = [
        '--output-dir',
        's3',
        '--cpus',
        '0.5',
        '--bags-per-task',
        '2',
        '--storage',
        JSON.stringify(storage),
      ];
      const first = await drive([...flags, 's3://robots/day/*.mcap']);
      assert.equal(first.code, 0, first.output);
      assertSame('s3', 'local');
      const again = await drive([...flags, 's3://robots/day/*.mcap', 's3://robots/day/absent.mcap']);
      assert.match(again.output, /^1\/1 bags/m);
      assert.equal(again.code, 1, again.output);
      assert.match(again.output, /There is no bag at s3:\/\/robots\/day\/absent\.mcap/);
    } finally {
      server.child.kill();
    }
  });

  /** A stand-in for S3 that speaks its protocol. */
  async function startS3(): Promise<{ readonly child: ChildProcess; readonly url: string }> {
    const port = await freePort();
    const child = spawn(PYTHON, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
      stdio: 'ignore',
    });
    const url = `http://127.0.0.1:${port}`;
    for (let tries = 0; tries < 900; tries++) {
      const isUp = await fetch(url).then(
        () => true,
        () => false,
      );
      if (isUp) return { child, url };
      await delay(200);
    }
    child.kill();
    throw new Error('moto, which stands in for S3, did not start within three minutes.');
  }
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
