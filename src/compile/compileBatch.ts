import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asEffvitError } from '../core/EffvitError.js';
import { sha256File } from '../core/sha256File.js';
import { TemporaryFolder } from '../core/TemporaryFolder.js';
import type { OnnxModel } from '../onnx/OnnxModel.js';
import { serializeOnnx } from '../onnx/serializeOnnx.js';
import { consoleCommand, runTool } from '../toolchain/runTool.js';
import type { Toolchain } from '../toolchain/toolchainStatus.js';
import { cachedCompilation } from './cachedCompilation.js';
import { type CompilerConfigOptions, compilerConfig, WORK_NAMES } from './compilerConfig.js';
import { type NodePlacement, parseNodePlacements } from './NodePlacement.js';
import { combinedEstimate, type PerfEstimate, readPerfEstimate } from './PerfEstimate.js';

/** The stages of hb_mapper, in order. */
export type CompileStage = 'starting' | 'optimising' | 'calibrating' | 'quantising' | 'compiling' | 'judging';

export interface CompileBatchOptions extends Omit<CompilerConfigOptions, 'inputName'> {
  readonly toolchain: Toolchain;
  /** Prepared model; its graph gets the name `modelName`. */
  readonly model: OnnxModel;
  /** Pictures per task: the first dimension of the model's input. */
  readonly batch: number;
  /** Text of the user's configuration. */
  readonly config: string;
  /** Paths of the calibration set's files, one picture each, in order; at least `batch`. */
  readonly calibration: readonly string[];
  readonly signal: AbortSignal;
  /** `share`: progress of the stage, 0 to 1, if the compiler reports it. */
  readonly onStage: (stage: CompileStage, share: number) => void;
}

/** Output of the vendor's compiler for one model, with the sum of its estimates of all subgraphs. */
export interface CompiledBatch extends PerfEstimate {
  readonly modelName: string;
  /** Parts that the BPU runs as a whole; several if nodes between them run on the CPU. */
  readonly subgraphs: number;
  /** True if the result came from the cache. */
  readonly isReused: boolean;
  readonly elapsedMs: number;
  readonly logPath: string;
  readonly binPath: string;
  readonly quantizedPath: string;
  readonly nodes: readonly NodePlacement[];
}

/** Names of a compilation's results in the cache. */
const COMPILED_NAMES = {
  bin: 'model.bin',
  quantized: 'quantized_model.onnx',
  nodes: 'nodes.json',
} as const;

/** hb_mapper at O3 on a slow machine takes an hour for a model ten times this size. */
const LIMIT_MS = 4 * 3_600_000;

/** Lines of hb_mapper's log that begin a stage. */
const BEGINS: readonly (readonly [RegExp, CompileStage])[] = [
  [/Start to optimize the onnx model/, 'optimising'],
  [/Start to calibrate the model/, 'calibrating'],
  [/Start to quantize the model/, 'quantising'],
  [/Start to compile the model/, 'compiling'],
  [/End to compile the model/, 'judging'],
];

/**
 * Compiles one model, or reuses the cached result for the same model, configuration, pictures and toolchain.
 *
 * @throws EffvitError TOOL_FAILED, TIMED_OUT, CANCELLED, IO_FAILED
 */
export async function compileBatch(options: CompileBatchOptions): Promise<CompiledBatch> {
  const { model, modelName, batch, calibration, signal } = options;
  const began = performance.now();
  model.graph.name = modelName;
  const onnx = serializeOnnx(model);
  const inputName = model.graph.inputs[0]?.name ?? '';
  const config = compilerConfig(options.config, { ...options, inputName });
  const sums: string[] = [];
  for (const path of calibration) sums.push(await sha256File(path, signal));
  const { folder, logPath, isReused } = await cachedCompilation(
    [onnx, config, sums.join('\n'), String(batch)],
    async (target, log) => {
      const work = await TemporaryFolder.make();
      try {
        await writeFile(join(work.path, WORK_NAMES.model), onnx);
        await writeFile(join(work.path, WORK_NAMES.config), config);
        await writeCalibration(calibration, batch, join(work.path, WORK_NAMES.calibration));
        const table = await runCompiler(work.path, log, options);
        await takeResults(join(work.path, WORK_NAMES.output), modelName, table, target).catch(
          (error: unknown) => {
            throw asEffvitError(error, 'TOOL_FAILED', `The compiler's results are incomplete (see ${log})`, {
              file: log,
            });
          },
        );
      } finally {
        await work.remove();
      }
    },
  );
  const perfNames = (await readdir(folder)).filter((name) => /^perf_\d+\.json$/.test(name)).sort();
  const estimates = await Promise.all(perfNames.map((name) => readPerfEstimate(join(folder, name))));
  return {
    modelName,
    ...combinedEstimate(batch, estimates),
    subgraphs: estimates.length,
    isReused,
    elapsedMs: performance.now() - began,
    logPath,
    binPath: join(folder, COMPILED_NAMES.bin),
    quantizedPath: join(folder, COMPILED_NAMES.quantized),
    nodes: JSON.parse(await readFile(join(folder, COMPILED_NAMES.nodes), 'utf8')) as NodePlacement[],
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

/**
 * Runs the vendor's compiler on a folder with the model, the configuration and the calibration set, named as in
 * {@link WORK_NAMES}.
 *
 * @returns the lines of its log that may belong to the table of nodes.
 */
async function runCompiler(
  folder: string,
  logPath: string,
  { toolchain, signal, onStage }: CompileBatchOptions,
): Promise<string[]> {
  await rm(logPath, { force: true });
  const table: string[] = [];
  let stage: CompileStage = 'starting';
  onStage(stage, 0);
  await runTool({
    toolchain,
    args: consoleCommand('hb_mapper', ['makertbin', '--config', WORK_NAMES.config, '--model-type', 'onnx']),
    what: 'The compiler',
    logPath,
    cwd: folder,
    // Files that it leaves behind are removed with the folder.
    env: { TMPDIR: folder },
    signal,
    limitMs: LIMIT_MS,
    onLine: (line) => {
      const begun = BEGINS.find(([pattern]) => pattern.test(line))?.[1];
      if (begun !== undefined) stage = begun;
      const percent = /\b(\d{1,3})\s?%/.exec(line)?.[1];
      const isBar = /^\s*\[[= >-]*\]|in progress/.test(line);
      if (begun !== undefined || (isBar && percent !== undefined)) {
        onStage(stage, begun === undefined ? Number(percent) / 100 : 0);
      }
      if (/\s(?:BPU|CPU)\s/.test(line)) table.push(line);
    },
  });
  return table;
}

/** Copies the files of {@link COMPILED_NAMES}, and a `perf_<n>.json` for each subgraph. */
async function takeResults(
  output: string,
  modelName: string,
  table: readonly string[],
  target: string,
): Promise<void> {
  await copyFile(join(output, `${modelName}.bin`), join(target, COMPILED_NAMES.bin));
  await copyFile(join(output, `${modelName}_quantized_model.onnx`), join(target, COMPILED_NAMES.quantized));
  const info = JSON.parse(await readFile(join(output, `${modelName}_quant_info.json`), 'utf8')) as object;
  const nodes = parseNodePlacements(table, Object.keys(info));
  await writeFile(join(target, COMPILED_NAMES.nodes), JSON.stringify(nodes));
  for (const name of await readdir(output)) {
    const number = /_subgraph_(\d+)\.json$/.exec(name)?.[1];
    if (number !== undefined) await copyFile(join(output, name), join(target, `perf_${number}.json`));
  }
}
