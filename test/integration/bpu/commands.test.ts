import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import sharp from 'sharp';
import { buildFakeLibdnn, writeFakeBin } from '../../helpers/fakeLibdnn.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { type EffvitRun, runEffvit } from '../../helpers/runEffvit.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const MANIFEST = `name: fake
input: { width_px: 224, height_px: 224 }
output: { class_count: 1000 }
labels: none
files: { bpu: { rdk-x5: { file: fake.bin, march: bayes-e } } }
`;

describe('the commands on the BPU', () => {
  const scratch = scratchFolder();
  let library = '';
  let model = '';

  before(function () {
    const built = buildFakeLibdnn();
    if ('reason' in built) leaveOut(this, built.reason);
    library = built.path;
  });

  beforeEach(async () => {
    model = scratch.path('fake');
    mkdirSync(model);
    writeFileSync(scratch.path('fake', 'manifest.yaml'), MANIFEST);
    writeFakeBin(scratch.path('fake', 'fake.bin'));
    const picture = sharp({ create: { width: 64, height: 48, channels: 3, background: '#a03050' } });
    await picture.png().toFile(scratch.path('picture.png'));
  });

  async function run(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<EffvitRun> {
    return await runEffvit(args, {
      env: { EFFVIT_LIBDNN: library, EFFVIT_BPU_CHIP: 'rdk-x5', FAKEDNN_REPORT: '1', ...env },
    });
  }

  const classify = (...rest: string[]) => [
    'classify',
    scratch.path('picture.png'),
    '--model',
    model,
    ...rest,
  ];

  it('take the BPU by themselves where there is one, and leave nothing behind', async () => {
    const done = await run(classify('--json'));
    assert.equal(done.code, 0, done.stderr);
    const { results } = JSON.parse(done.stdout) as { results: { index: number; label: string }[] };
    assert.equal(results.length, 5);
    // A thousand classes without labels of their own are ImageNet's.
    for (const { label } of results) assert.match(label, /^[A-Za-z]/);
    assert.match(done.stderr, /FAKEDNN memory 0 tasks 0 handles 0 violations 0/);
  });

  it('measure it', async () => {
    const threads = ['--threads', '1,4', '--frame-count', '20', '--repetitions', '1', '--core-id', '1'];
    const args = ['bench', '--backend', 'bpu', '--model', model, ...threads, '--json'];
    const done = await run(args, { FAKEDNN: 'service_us=5000' });
    assert.equal(done.code, 0, done.stderr);
    const output = JSON.parse(done.stdout) as {
      backend: string;
      simulated: boolean;
      runtime: string;
      series: { threads: number; fps: number; latency_ms: { min: number } }[];
    };
    assert.equal(output.backend, 'bpu');
    assert.equal(output.simulated, false);
    assert.equal(output.runtime, 'libdnn 1.24.10 (bayes-e)');
    assert.ok((output.series[0]?.latency_ms.min ?? 0) >= 5);
    assert.ok((output.series[1]?.fps ?? 0) <= 200.5);
    assert.match(done.stderr, /FAKEDNN memory 0 tasks 0 handles 0 violations 0/);
  });

  it('refuse a model for another chip, one that is not there, and a machine without the runtime', async () => {
    const bpu = classify('--backend', 'bpu');
    const cases: [Record<string, string>, RegExp][] = [
      [{ EFFVIT_BPU_CHIP: 'rdk-x3' }, /fake has no \.bin file for rdk-x3/],
      [{ EFFVIT_LIBDNN: scratch.path('no.so') }, /no\.so does not load/],
      [{ FAKEDNN: 'version=10804' }, /is libdnn 1\.8\.4, older than 1\.18/],
      [{ FAKEDNN: 'march=1' }, /-6000014 \(a model for another chip/],
      [{ FAKEDNN: 'input_type=4' }, /not NV12/],
      [{ FAKEDNN: 'height=256' }, /takes 224x256, not the 224x224/],
    ];
    for (const [env, message] of cases) {
      const done = await run(bpu, env);
      assert.equal(done.code, 1, done.stderr);
      assert.match(done.stderr, message);
      if ('FAKEDNN' in env) assert.match(done.stderr, /memory 0 tasks 0 handles 0 violations 0/);
    }
    writeFakeBin(scratch.path('fake', 'fake.bin'), 'bayes');
    const done = await run(bpu);
    assert.equal(done.code, 1);
    assert.match(done.stderr, /fake\.bin is compiled for bayes but this board is an rdk-x5 \(bayes-e\)/);
  });

  it('take a bare .bin', async () => {
    const bare = scratch.path('fake', 'fake.bin');
    const done = await run(['classify', scratch.path('picture.png'), '--model', bare, '--json']);
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stderr, /FAKEDNN memory 0 tasks 0 handles 0 violations 0/);
  });

  it('look at it', async () => {
    const done = await run(['doctor', '--json'], { EFFVIT_MODEL_PATH: scratch.path() });
    const output = JSON.parse(done.stdout) as { findings: { name: string; status: string; found: string }[] };
    const of = (name: string) => output.findings.find((finding) => finding.name === name);
    assert.equal(of('BPU')?.found, 'rdk-x5 (bayes-e)');
    assert.match(of('libdnn')?.found ?? '', /^1\.24\.10/);
    assert.equal(of('model fake')?.status, 'ok');
  });
});
