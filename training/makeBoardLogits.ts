// Writes what the BPU says to each frame of the bundled recording, by the vendor's quantised model.
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../src/core/writeFileAtomic.js';
import { requireModelFile } from '../src/model/modelFiles.js';
import { resolveModel } from '../src/model/resolveModel.js';
import { tensorToNumbers } from '../src/onnx/OnnxTensor.js';
import { readOnnx } from '../src/onnx/readOnnx.js';
import { QuantizedModel } from '../src/toolchain/QuantizedModel.js';
import { requireToolchain } from '../src/toolchain/toolchainStatus.js';
import { BOARD_LOGITS_PATH, type BoardFrame, type BoardLogits, integersOf } from './BoardLogits.js';
import { bundledInputs } from './bundledInputs.js';

const HELP = `Usage: makeBoardLogits --model FOLDER [--out FILE]
FOLDER is what effvit compile wrote; FILE is models/efficientvit_m5_signs/board_logits.json where it is not given.`;

const { values } = parseArgs({ options: { model: { type: 'string' }, out: { type: 'string' } } });
if (values.model === undefined) {
  process.stderr.write(`${HELP}\n`);
  process.exit(2);
}
const manifest = await resolveModel(values.model);
const { widthPx, heightPx } = manifest.input;
const path = await requireModelFile(manifest, 'bpu_quantized', 'rdk-x5');
const binSha256 = manifest.files.bpu?.['rdk-x5']?.sha256 ?? '';
const scales = await outputScales(path);
const model = await QuantizedModel.start({ toolchain: requireToolchain(), path, widthPx, heightPx });
const frames: BoardFrame[] = [];
try {
  for await (const { nv12, ...frame } of bundledInputs(manifest)) {
    frames.push({ ...frame, integers: integersOf(await model.run(nv12), scales) });
    process.stdout.write(`${frames.length} frames\r`);
  }
} finally {
  model.dispose();
}
const lines = frames.map((frame) => JSON.stringify(frame)).join(',\n');
const head: Omit<BoardLogits, 'frames'> = { binSha256, scales };
await writeFileAtomic(
  values.out ?? BOARD_LOGITS_PATH,
  `${JSON.stringify(head).slice(0, -1)},"frames":[\n${lines}\n]}\n`,
);
process.stdout.write(`${frames.length} frames\n`);

/** One scale a class, of the step that makes the integers float. */
async function outputScales(quantizedPath: string): Promise<number[]> {
  const { graph } = await readOnnx(quantizedPath);
  const steps = graph.nodes.filter(({ opType }) => opType === 'HzDequantize');
  const tensor = graph.initializers.get(steps[0]?.inputs[1] ?? '');
  if (steps.length !== 1 || tensor === undefined) throw new Error(`${quantizedPath} has no one last step`);
  return tensorToNumbers(tensor);
}
