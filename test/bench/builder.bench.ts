/**
 * The graph that this package builds against a reference export of the same model, on ONNX Runtime, one
 * thread, interleaved in short rounds so that both see the same machine. Prints the ratio of the medians, of
 * wall time and of the process's CPU time (the steadier one on a busy machine; below 1: ours is faster), and
 * checks that both give the same logits.
 *
 *   node build/test/bench/builder.bench.js REFERENCE.onnx WEIGHTS [VARIANT] [--rounds 200] [--max-ratio 1.02]
 *
 * REFERENCE: timm's model of these weights through torch.onnx.export (opset 11) and onnxsim. WEIGHTS: the same
 * state_dict as safetensors or .pth. VARIANT: efficientvit_m5 unless told.
 * Exit code 1 where the logits differ, or the ratio of CPU times is above --max-ratio.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildModelFile, parseEfficientVitVariant } from '../../src/efficientvit/buildModelFile.js';
import { loadRuntime, type OrtModule } from '../../src/inference/onnx/loadRuntime.js';
import { uniform } from '../helpers/formulaWeights.js';
import { relativeDifference } from '../helpers/runOnnx.js';
import { median } from './median.js';

/** Runs in a row before the other model's turn: enough to be in its caches, few enough to share a disturbance. */
const RUNS_A_ROUND = 3;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '200' },
    'max-ratio': { type: 'string', default: '1.02' },
  },
});
const [referencePath, weightsPath, variantName = 'efficientvit_m5'] = positionals;
if (referencePath === undefined || weightsPath === undefined) {
  console.error('Expected REFERENCE.onnx and WEIGHTS: see the top of builder.bench.ts.');
  process.exit(2);
}
const rounds = Number(values.rounds);
const maxRatio = Number(values['max-ratio']);

const folder = await mkdtemp(join(tmpdir(), 'effvit-bench-'));
try {
  const outputPath = join(folder, 'ours.onnx');
  const built = await buildModelFile({
    variant: parseEfficientVitVariant(variantName),
    weightsPath,
    outputPath,
  });
  const picture = Float32Array.from(uniform('input', 3 * 224 * 224), (value) => 2 * value);
  const ort = loadRuntime();
  const feeds = { data: new ort.Tensor('float32', picture, [1, 3, 224, 224]) };
  const open = (path: string): ReturnType<OrtModule['InferenceSession']['create']> =>
    ort.InferenceSession.create(path, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
  const sessions = [await open(referencePath), await open(outputPath)] as const;

  const logits: Float32Array[] = [];
  for (const session of sessions) {
    const { output } = await session.run(feeds);
    logits.push(Float32Array.from(output?.data as Float32Array));
  }
  const [theirs = new Float32Array(), ours = new Float32Array()] = logits;
  const difference = relativeDifference(ours, theirs);
  console.log(`logits differ by ${difference.toExponential(1)} of the largest (${built.nodes} nodes here)`);
  if (!(difference < 1e-4)) throw new Error('The two models are not the same model.');

  const wallMs: [number[], number[]] = [[], []];
  const cpuMs: [number[], number[]] = [[], []];
  for (let round = -5; round < rounds; round++) {
    // Who goes first changes, so that neither always follows the other's cache contents.
    for (const which of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const start = performance.now();
      const cpuStart = process.cpuUsage();
      for (let run = 0; run < RUNS_A_ROUND; run++) await sessions[which].run(feeds);
      const cpu = process.cpuUsage(cpuStart);
      if (round < 0) continue;
      wallMs[which].push((performance.now() - start) / RUNS_A_ROUND);
      cpuMs[which].push((cpu.user + cpu.system) / 1000 / RUNS_A_ROUND);
    }
  }
  console.log(
    `${cpus()[0]?.model ?? 'unknown CPU'}, one thread, ${rounds} rounds of ${RUNS_A_ROUND} runs each`,
  );
  const report = (label: string, [reference, own]: [number[], number[]]): number => {
    const ratio = median(own) / median(reference);
    console.log(
      `${label}  reference ${median(reference).toFixed(2)} ms, ours ${median(own).toFixed(2)} ms, ` +
        `ratio ${ratio.toFixed(3)}`,
    );
    return ratio;
  };
  report('wall', wallMs);
  const ratio = report('CPU ', cpuMs);
  for (const session of sessions) await session.release();
  if (!(ratio <= maxRatio)) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}
