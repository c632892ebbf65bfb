import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { classifierOptions } from '../../../src/classify/classifierOptions.js';
import { modelPreprocess } from '../../../src/classify/prepareModel.js';
import type { CompileReport } from '../../../src/compile/compileModel.js';
import { packagePath } from '../../../src/core/packageRoot.js';
import { sha256File } from '../../../src/core/sha256File.js';
import { pictureFrame } from '../../../src/image/pictureFrame.js';
import { loadManifest } from '../../../src/model/loadManifest.js';
import { readBpuFile } from '../../../src/model/readBpuFile.js';
import { topK } from '../../../src/pool/topK.js';
import { FramePlanes } from '../../../src/quantize/FramePlanes.js';
import { QuantizedModel } from '../../../src/toolchain/QuantizedModel.js';
import { consoleCommand, runTool, toolEnvironment } from '../../../src/toolchain/runTool.js';
import { CompilerRig } from '../../helpers/compilerRig.js';
import { runEffvit } from '../../helpers/runEffvit.js';

const execute = promisify(execFile);

describe("toolchain: effvit compile with the vendor's compiler", function () {
  // A small model: two minutes of a processor, more on a loaded machine.
  this.timeout(1_200_000);
  let rig: CompilerRig | undefined;
  let report: CompileReport;

  const there = (): CompilerRig => {
    assert.ok(rig);
    return rig;
  };

  before(async function () {
    rig = await CompilerRig.make(this);
    const run = await rig.compile(['--output', rig.path('out'), '--chart', rig.path('chart.svg'), '--json']);
    assert.equal(run.code, 0, run.stderr);
    report = JSON.parse(run.stdout) as CompileReport;
  });

  after(() => rig?.remove());

  it('puts the whole graph on the BPU', () => {
    assert.ok(report.nodeCounts.bpu > 300, `${report.nodeCounts.bpu} nodes`);
    const inTheWay = report.cpuNodes.filter(({ remedy }) => !remedy.startsWith('nothing to do'));
    assert.deepEqual(inTheWay, []);
    assert.equal(report.estimates[0]?.subgraphs, 1);
  });

  it('estimates the time, and what it is made of', () => {
    const [estimate] = report.estimates;
    assert.ok(estimate !== undefined);
    assert.ok(
      Math.abs(1000 / estimate.taskMs - estimate.fps) < 0.02 * estimate.fps,
      JSON.stringify(estimate),
    );
    assert.equal(estimate.longestLayers.length, 5);
    assert.ok(estimate.boundBy !== undefined && estimate.ddrBytesPerFrame > 1e6);
    assert.match(readFileSync(there().path('chart.svg'), 'utf8'), /estimate/);
  });

  it('writes a folder that the node takes: an NV12 model with its sum and its estimated times', async () => {
    const manifest = await loadManifest(there().path('out'));
    const bin = manifest.files.bpu['rdk-x5'];
    assert.equal(bin?.sha256, await sha256File(report.binPath));
    const info = await readBpuFile(report.binPath);
    assert.equal(info.chip, 'rdk-x5');
    assert.match(info.settings['INPUT_TYPE_RT'] ?? '', /^nv12;?$/);
    assert.deepEqual(info.modelNames, ['small']);
    assert.equal(manifest.deviceModels['rdk-x5']?.kind, 'estimate');
    assert.equal(
      manifest.deviceModels['rdk-x5']?.serviceMs,
      Math.round((report.estimates[0]?.taskMs ?? 0) * 1e4) / 1e4,
    );
    assert.equal(manifest.output.classCount, 32);
    assert.ok(existsSync(manifest.files.bpuQuantized?.['rdk-x5']?.file ?? ''));
  });

  it('leaves nothing about', () => assert.deepEqual(there().leftovers(), []));

  it('gives the integers of the instruction simulator, bit for bit, on a frame of NV12', async () => {
    const { toolchain, folder } = there();
    const picture = there().path('frame.yuv');
    const bytes = Uint8Array.from(
      { length: (224 * 224 * 3) / 2 },
      (_, index) => (index * 37 + (index >> 7) * 11) % 256,
    );
    writeFileSync(picture, bytes);
    const simulated = there().path('simulated');
    mkdirSync(simulated);
    const tool = async (name: string, args: readonly string[]): Promise<void> => {
      const args_ = consoleCommand(name, args);
      await runTool({
        toolchain,
        args: args_,
        what: name,
        logPath: there().path('tools.log'),
        cwd: folder,
        limitMs: 600_000,
      });
    };
    await tool('hb_extract_hbm', [report.binPath]);
    const hbm = readdirSync(folder).find((name) => name.endsWith('.hbm')) ?? '';
    await tool('hbdk-sim', [
      ...['-f', there().path(hbm), '-n', 'small_subgraph_0', '-i', picture],
      ...['--yuv-size', '224x224', '--yuv-stride', '224', '-o', simulated],
    ]);
    const quantized = there().path('out', 'quantized_model.onnx');
    const script = packagePath('test', 'helpers', 'compareWithSimulator.py');
    const { stdout } = await execute(
      toolchain.pythonPath,
      [script, packagePath('scripts', 'toolchain'), quantized, picture, simulated],
      { env: toolEnvironment(toolchain), timeout: 600_000 },
    );
    const { equal, count, distinct } = JSON.parse(stdout) as Record<'equal' | 'count' | 'distinct', number>;
    assert.equal(count, 32);
    assert.equal(equal, count);
    assert.ok(distinct > 16, 'a model that gives the same for every class would prove nothing');
  });

  it('computes those logits for effvit, the same for the same frame', async () => {
    const model = await QuantizedModel.start({
      toolchain: there().toolchain,
      path: there().path('out', 'quantized_model.onnx'),
      widthPx: 224,
      heightPx: 224,
    });
    try {
      assert.equal(model.classCount, 32);
      const frame = new Uint8Array((224 * 224 * 3) / 2).fill(90);
      const first = await model.run(frame);
      assert.deepEqual(await model.run(frame), first);
      assert.notDeepEqual(await model.run(frame.fill(200, 0, 20_000)), first);
    } finally {
      await model.dispose();
    }
  });

  it('gives the scores of the board on the simulated BPU, and says whose times it has', async () => {
    const picture = packagePath('docs', 'images', 'scene.jpg');
    const folder = there().path('out');
    const run = await runEffvit(
      [
        ...['classify', picture, '--model', folder, '--backend', 'bpu_sim', '--bpu-sim-results', 'exact'],
        ...['--top-k', '32', '--json'],
      ],
      { env: there().env },
    );
    assert.equal(run.code, 0, run.stderr);
    const { results } = JSON.parse(run.stdout) as { results: { index: number; score: number }[] };
    const manifest = await loadManifest(folder);
    const options = classifierOptions({ resizeFilter: 'antialias' });
    const planes = new FramePlanes(modelPreprocess(manifest, options));
    const { nv12 } = await planes.planesOf(await pictureFrame(picture));
    assert.ok(nv12);
    const model = await QuantizedModel.start({
      toolchain: there().toolchain,
      path: there().path('out', 'quantized_model.onnx'),
      widthPx: 224,
      heightPx: 224,
    });
    try {
      const wanted = topK(await model.run(nv12), 32, 'logits');
      assert.deepEqual(
        results.map(({ index }) => index),
        wanted.map(({ index }) => index),
      );
      for (const [place, { score }] of wanted.entries())
        assert.ok(Math.abs(score - (results[place]?.score ?? 0)) < 1e-5);
    } finally {
      await model.dispose();
    }
  });

  it('takes from the cache what did not change, and replaces its own folder', async () => {
    const run = await there().compile(['--output', there().path('out'), '--json']);
    assert.equal(run.code, 0, run.stderr);
    const again = JSON.parse(run.stdout) as CompileReport;
    assert.equal(again.estimates[0]?.isReused, true);
    assert.equal(
      (await loadManifest(there().path('out'))).files.bpu['rdk-x5']?.sha256,
      await sha256File(report.binPath),
    );
  });

  it('judges the integers of every batch on labelled pictures, also where the last task is not full', async () => {
    const list = there().path('list.txt');
    const scene = packagePath('docs', 'images', 'scene.jpg');
    writeFileSync(list, `${scene} 0\n`.repeat(3));
    const run = await there().compile([
      '--output',
      there().path('two'),
      '--batch',
      '2',
      '--eval',
      list,
      '--json',
    ]);
    assert.equal(run.code, 0, run.stderr);
    const { estimates, evaluation } = JSON.parse(run.stdout) as CompileReport;
    assert.deepEqual(
      estimates.map(({ batch }) => batch),
      [1, 2],
    );
    assert.deepEqual(
      evaluation?.bpu.map(({ batch, pictureCount }) => [batch, pictureCount]),
      [
        [1, 3],
        [2, 3],
      ],
    );
    for (const { outputCosine } of evaluation?.bpu ?? [])
      assert.ok(outputCosine.min > 0.5, `${outputCosine.min}`);
  });

  it('ends with the first Ctrl-C: 130, no process, nothing half-written', async () => {
    const run = await there().compile(['--output', there().path('stopped'), '--level', 'O0'], {
      interruptAtNote: /batch 1: starting/,
    });
    assert.equal(run.code, 130, run.stderr);
    assert.equal(existsSync(there().path('stopped')), false);
    assert.deepEqual(there().leftovers(), []);
    assert.deepEqual(there().processes(), []);
  });

  it('says so where the compiler is killed, and leaves nothing', async () => {
    const run = await there().compile(['--output', there().path('killed'), '--level', 'O0'], {
      onNotes: (notes) => {
        if (!notes.includes('batch 1: starting')) return;
        for (const pid of there().processes()) process.kill(pid, 'SIGKILL');
      },
    });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /The compiler failed: it was killed \(out of memory\?\) \(see .*\.log\)\.$/m);
    assert.equal(existsSync(there().path('killed')), false);
    assert.deepEqual(there().leftovers(), []);
  });

  it('refuses in a second what the compiler would refuse after minutes', async () => {
    there().writeConfig('wrong.yaml', (yaml) => yaml.replace('attn/Softmax_3"', 'attn/Sofmax_3"'));
    const run = await runEffvit(
      [
        ...['compile', there().path('wrong.yaml'), '--model', there().path('model')],
        ...['--calibration', packagePath('bags', 'signs_drive')],
      ],
      { env: there().env },
    );
    assert.equal(run.code, 1);
    assert.match(run.stderr, /the model has no node .*Sofmax_3 \(nearest: .*Softmax_3\)/);
  });

  it("does not overwrite a folder of the user's", async () => {
    mkdirSync(there().path('mine'));
    writeFileSync(there().path('mine', 'notes.txt'), 'mine');
    const run = await there().compile(['--output', there().path('mine')]);
    assert.equal(run.code, 2);
    assert.match(run.stderr, /mine exists and was not written by effvit compile/);
    assert.equal(readFileSync(there().path('mine', 'notes.txt'), 'utf8'), 'mine');
  });
});
