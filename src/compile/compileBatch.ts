import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256File } from '../core/sha256File.js';
import { TemporaryFolder } from '../core/TemporaryFolder.js';
import type { BpuInputSource } from '../model/ModelManifest.js';
import type { OnnxModel } from '../onnx/OnnxModel.js';
import { serializeOnnx } from '../onnx/serializeOnnx.js';
import type { Toolchain } from '../toolchain/toolchainStatus.js';
import { CompileCache } from './CompileCache.js';
import { type CompileMode, compilerConfig, type OptimizeLevel, WORK_NAMES } from './compilerConfig.js';
import type { NodePlacement } from './NodePlacement.js';
import { type PerfEstimate, readPerfEstimate } from './PerfEstimate.js';
import { COMPILED_NAMES, type CompileStage, runMakertbin } from './runMakertbin.js';

export interface CompileBatchOptions {
  readonly toolchain: Toolchain;
  /** Prepared model; its graph gets the name `modelName`. */
  readonly model: OnnxModel;
  readonly modelName: string;
  /** Pictures per task: the first dimension of the model's input. */
  readonly batch: number;
  /** Text of the user's configuration. */
  readonly config: string;
  /** Paths of the calibration set's files, one picture each, in order; at least `batch`. */
  readonly calibration: readonly string[];
  readonly level: OptimizeLevel | undefined;
  readonly mode: CompileMode | undefined;
  readonly inputSource: BpuInputSource | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly onStage: (stage: CompileStage, share: number) => void;
}

/** Output of the vendor's compiler for one model. */
export interface CompiledBatch {
  readonly modelName: string;
  readonly batch: number;
  readonly binPath: string;
  readonly quantizedPath: string;
  /** One per subgraph that the BPU runs as a whole; several if nodes between them run on the CPU. */
  readonly estimates: readonly PerfEstimate[];
  readonly nodes: readonly NodePlacement[];
  readonly logPath: string;
  /** True if the result came from the cache. */
  readonly isReused: boolean;
  readonly elapsedMs: number;
}

/**
 * Compiles one model, or reuses the cached result for the same model, configuration, pictures and toolchain.
 *
 * @throws EffvitError TOOL_FAILED, TIMED_OUT, CANCELLED, IO_FAILED
 */
export async function compileBatch(options: CompileBatchOptions): Promise<CompiledBatch> {
  const { model, modelName, batch, level, mode, inputSource, calibration, signal } = options;
  const began = performance.now();
  model.graph.name = modelName;
  const onnx = serializeOnnx(model);
  const inputName = model.graph.inputs[0]?.name ?? '';
  const config = compilerConfig(options.config, { modelName, inputName, level, mode, inputSource });
  const sums: string[] = [];
  for (const path of calibration) sums.push(await sha256File(path, signal));
  const cache = new CompileCache(options.env);
  const key = CompileCache.keyOf([onnx, config, sums.join('\n'), String(batch)]);
  const logPath = cache.logPath(key);
  const found = cache.find(key);
  const entry =
    found ??
    (await cache.make(key, async (target) => {
      const work = await TemporaryFolder.make();
      try {
        await writeFile(join(work.path, WORK_NAMES.model), onnx);
        await writeFile(join(work.path, WORK_NAMES.config), config);
        await writeCalibration(calibration, batch, join(work.path, WORK_NAMES.calibration));
        const { toolchain, onStage } = options;
        await runMakertbin({ toolchain, folder: work.path, target, modelName, logPath, signal, onStage });
      } finally {
        await work.remove();
      }
    }));
  const perfNames = (await readdir(entry)).filter((name) => /^perf_\d+\.json$/.test(name)).sort();
  return {
    modelName,
    batch,
    binPath: join(entry, COMPILED_NAMES.bin),
    quantizedPath: join(entry, COMPILED_NAMES.quantized),
    estimates: await Promise.all(perfNames.map((name) => readPerfEstimate(join(entry, name)))),
    nodes: JSON.parse(await readFile(join(entry, COMPILED_NAMES.nodes), 'utf8')) as NodePlacement[],
    logPath,
    isReused: found !== undefined,
    elapsedMs: performance.now() - began,
  };
}

/** Each file of the calibration set has the pictures of one task, one after the other. */
async function writeCalibration(pictures: readonly string[], batch: number, folder: string): Promise<void> {
  await mkdir(folder);
  for (let group = 0; group < Math.floor(pictures.length / batch); group++) {
    const path = join(folder, `${String(group).padStart(6, '0')}.bin`);
    const [first = '', ...more] = pictures.slice(group * batch, (group + 1) * batch);
    await copyFile(first, path);
    for (const picture of more) await writeFile(path, await readFile(picture), { flag: 'a' });
  }
}
