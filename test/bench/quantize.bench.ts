/**
 * What each kind of node gains in int8 on this machine: EfficientViT-M5 in float, quantised as by default, and
 * quantised with one kind of node moved, all timed in turns on one thread, so that every variant meets the same
 * disturbances. CPU time is the steadier column on a busy machine. The reasons for the defaults in planNodes.ts are
 * this table's.
 *
 *   node build/test/bench/quantize.bench.js [MODEL.onnx] [--rounds 60] [--min-ratio 1.3]
 *
 * MODEL: any float classifier of 224x224; EfficientViT-M5 with weights by formula unless told (times do not depend
 * on weights). Calibrated on noise: this bench is about time alone; `effvit quantize --eval` is about accuracy.
 * Exit code 1 where the default is not --min-ratio times as fast as float by CPU time.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { buildEfficientVit } from '../../src/efficientvit/buildEfficientVit.js';
import { getInt, type OnnxModel, type OnnxNode } from '../../src/onnx/OnnxModel.js';
import { readOnnx } from '../../src/onnx/readOnnx.js';
import { noisePictures } from '../../src/quantize/FramePlanes.js';
import { type InputNormalization, normalize } from '../../src/quantize/InputNormalization.js';
import { type FloatValue, inputDims, OrtRunner } from '../../src/quantize/OrtRunner.js';
import type { Coverage, NodeRequest } from '../../src/quantize/planNodes.js';
import { Quantizer } from '../../src/quantize/Quantizer.js';
import type { Precision } from '../../src/quantize/QuantParams.js';
import { formulaWeights } from '../helpers/formulaWeights.js';
import { median } from './median.js';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '60' }, 'min-ratio': { type: 'string', default: '1.3' } },
});
const rounds = Number(values.rounds);
const [path] = positionals;
const float =
  path === undefined
    ? buildEfficientVit({ variant: 'm5', weights: formulaWeights('m5') })
    : await readOnnx(path);

const quantizer = await Quantizer.open(float);
const dims = inputDims(quantizer.model);
const normalization: InputNormalization = {
  color: 'rgb',
  mean: [127.5, 127.5, 127.5],
  scale: [0.0157, 0.0157, 0.0157],
};
const inputs: FloatValue[] = [];
for await (const picture of noisePictures(
  dims.reduce((a, b) => a * b, 1),
  2,
)) {
  inputs.push(normalize(picture, normalization, dims));
}

interface Variant {
  readonly title: string;
  readonly coverage?: Coverage;
  readonly move?: { readonly to: Precision; readonly which: (node: OnnxNode) => boolean };
}

const isConv = (node: OnnxNode): boolean => node.opType === 'Conv';
const isDepthwise = (node: OnnxNode): boolean => isConv(node) && getInt(node, 'group', 1) > 1;
const ofType =
  (...types: string[]) =>
  (node: OnnxNode): boolean =>
    types.includes(node.opType);

const VARIANTS: readonly Variant[] = [
  { title: 'default (fast)' },
  { title: 'fast, softmax int16', move: { to: 'int16', which: ofType('Softmax') } },
  { title: 'fast, softmax int8', move: { to: 'int8', which: ofType('Softmax') } },
  { title: 'fast, MatMul and softmax int8', move: { to: 'int8', which: ofType('MatMul', 'Softmax', 'Add') } },
  { title: 'fast, MatMul int8', move: { to: 'int8', which: ofType('MatMul') } },
  { title: 'fast, Mul and Sigmoid int8', move: { to: 'int8', which: ofType('Mul', 'Sigmoid') } },
  { title: 'fast, Add int8', move: { to: 'int8', which: ofType('Add') } },
  { title: 'fast, Concat float', move: { to: 'float', which: ofType('Concat') } },
  {
    title: 'fast, layout float',
    move: { to: 'float', which: ofType('Reshape', 'Transpose', 'Split', 'Slice') },
  },
  { title: 'fast, depthwise float', move: { to: 'float', which: isDepthwise } },
  { title: 'fast, Gemm float', move: { to: 'float', which: ofType('Gemm') } },
  {
    title: 'only Conv and Gemm',
    move: { to: 'float', which: (node) => !isConv(node) && node.opType !== 'Gemm' },
  },
  { title: 'full', coverage: 'full' },
  { title: 'full, softmax int16', coverage: 'full', move: { to: 'int16', which: ofType('Softmax') } },
];

const plans = VARIANTS.map(({ coverage = 'fast', move }) => {
  const requests = new Map<string, NodeRequest>();
  for (const node of quantizer.model.graph.nodes) {
    if (move?.which(node) === true) requests.set(node.name, { input: move.to, output: move.to });
  }
  return quantizer.plan({ coverage, requests, modelOutput: 'float' });
});
await quantizer.calibrate(plans, inputs);
const build = { method: { kind: 'max', percentile: 1 }, reduceRange: true } as const;
const models: readonly OnnxModel[] = [
  quantizer.model,
  ...plans.map((plan) => quantizer.build(plan, build).model),
];
const runners: OrtRunner[] = [];
for (const model of models) runners.push(await OrtRunner.create(model));

const wallMs: number[][] = models.map(() => []);
const cpuMs: number[][] = models.map(() => []);
const [input] = inputs;
if (input === undefined) throw new Error('There is no input.');
for (let round = -3; round < rounds; round++) {
  for (const [index, runner] of runners.entries()) {
    // One run to be in the caches again after the other models' turns, one to time.
    await runner.run(input);
    const start = performance.now();
    const cpuStart = process.cpuUsage();
    await runner.run(input);
    const cpu = process.cpuUsage(cpuStart);
    if (round < 0) continue;
    wallMs[index]?.push(performance.now() - start);
    cpuMs[index]?.push((cpu.user + cpu.system) / 1000);
  }
}
for (const runner of runners) await runner.dispose();

console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, one thread, ${rounds} rounds`);
console.log(`${'variant'.padEnd(32)}wall ms  least ms  CPU ms  float/this by CPU time`);
['float', ...VARIANTS.map(({ title }) => title)].forEach((title, index) => {
  const [wall, cpu] = [wallMs[index] ?? [], cpuMs[index] ?? []];
  const columns = [median(wall), Math.min(...wall), median(cpu)].map((time) => time.toFixed(2).padStart(8));
  console.log(`${title.padEnd(30)}${columns.join('')}  ${ratioOf(index).toFixed(3).padStart(8)}`);
});
if (!(ratioOf(1) >= Number(values['min-ratio']))) process.exitCode = 1;

/** Median over the rounds of the float model's CPU time over the variant's in the same round. */
function ratioOf(index: number): number {
  return median((cpuMs[0] ?? []).map((time, round) => time / (cpuMs[index]?.[round] ?? Number.NaN)));
}
