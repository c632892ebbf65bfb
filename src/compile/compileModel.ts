import { stat } from 'node:fs/promises';
import { EffvitError } from '../core/EffvitError.js';
import { buildEfficientVit } from '../efficientvit/buildEfficientVit.js';
import type { BpuInputSource, ModelManifest } from '../model/ModelManifest.js';
import { isBuilt, requireModelFile } from '../model/modelFiles.js';
import type { OnnxModel } from '../onnx/OnnxModel.js';
import { readOnnx } from '../onnx/readOnnx.js';
import type { MakertbinFile } from '../quantize/readMakertbinConfig.js';
import type { Toolchain } from '../toolchain/toolchainStatus.js';
import { readWeights } from '../weights/readWeights.js';
import type { BatchEstimate, CompileReport } from './CompileReport.js';
import { type CompiledBatch, compileBatch } from './compileBatch.js';
import { type CompileMode, compileModeOf, type OptimizeLevel } from './compilerConfig.js';
import { cpuRemedy, type NodePlacement } from './NodePlacement.js';
import { combinedEstimate } from './PerfEstimate.js';
import { packBatches } from './packBatches.js';
import { prepareCompilerModel } from './prepareCompilerModel.js';
import type { CompileStage } from './runMakertbin.js';
import { writeModelFolder } from './writeModelFolder.js';

export interface CompileModelOptions {
  readonly toolchain: Toolchain;
  readonly config: MakertbinFile;
  /** The float model that the manifest describes. */
  readonly manifest: ModelManifest;
  readonly onnxPath: string;
  /** Ascending; includes 1. */
  readonly batches: readonly number[];
  readonly level: OptimizeLevel | undefined;
  /** Of all batches; undefined: as {@link compileModeOf} chooses. */
  readonly mode: CompileMode | undefined;
  readonly inputSource: BpuInputSource;
  /** Returns the paths of files with one picture each; called after all other checks. */
  readonly calibration: () => Promise<readonly string[]>;
  /** The model folder to write. */
  readonly output: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly onStage: (batch: number, stage: CompileStage, share: number) => void;
}

export interface CompiledModel {
  readonly report: CompileReport;
  /** The quantised models, ascending by batch. */
  readonly quantized: readonly { readonly batch: number; readonly path: string }[];
}

/** With fewer calibration pictures the report has a note. */
const FEW_PICTURES = 20;

/** Number of nodes in the report. */
const LEAST_SIMILAR_COUNT = 10;

/**
 * Compiles a float model into a folder that the node runs on the board.
 *
 * @throws EffvitError UNSUPPORTED, BAD_CONFIG, BAD_ARGUMENT, NOT_FOUND before anything is compiled; TOOL_FAILED,
 *   TIMED_OUT, CANCELLED, IO_FAILED; then the output folder is unchanged
 */
export async function compileModel(options: CompileModelOptions): Promise<CompiledModel> {
  const { toolchain, config, manifest, batches, level, inputSource, signal } = options;
  const prefix = config.config.model_parameters.output_model_file_prefix;
  const models: { readonly batch: number; readonly model: OnnxModel }[] = [];
  const notes = new Set<string>();
  for (const batch of batches) {
    const model = await modelOfBatch(manifest, options.onnxPath, batch);
    for (const note of await prepareCompilerModel(model, config, options.onnxPath)) notes.add(note);
    models.push({ batch, model });
  }
  const calibration = await options.calibration();
  requirePictures(calibration.length, batches);
  if (calibration.length < FEW_PICTURES) {
    notes.add(
      `${calibration.length} calibration pictures are few: 50 to 100 from the robot give better ranges.`,
    );
  }
  const compiled: CompiledBatch[] = [];
  for (const { batch, model } of models) {
    compiled.push(
      await compileBatch({
        toolchain,
        model,
        modelName: batch === 1 ? prefix : `${prefix}_batch${batch}`,
        batch,
        config: config.text,
        calibration,
        level,
        mode: compileModeOf(batch, options.mode),
        inputSource: inputSource === 'pyramid' ? undefined : inputSource,
        env: options.env ?? process.env,
        signal,
        onStage: (stage, share) => options.onStage(batch, stage, share),
      }),
    );
  }
  const [first] = compiled;
  if (first === undefined) throw new EffvitError('BAD_ARGUMENT', 'There is no batch to compile.');
  const estimates = compiled.map((one) => ({
    ...estimateOf(one),
    mode: compileModeOf(one.batch, options.mode) ?? config.config.compiler_parameters.compile_mode,
  }));
  const binPath = await writeModelFolder({
    folder: options.output,
    source: manifest,
    classCount: classCountOf(manifest, models[0]?.model),
    batches: compiled,
    estimates,
    inputSource,
    pack: (targetPath) => packBatches({ toolchain, batches: compiled, targetPath, signal }),
  });
  const report: CompileReport = {
    model: manifest.name,
    folder: options.output,
    binPath,
    binBytes: (await stat(binPath)).size,
    level: level ?? config.config.compiler_parameters.optimize_level,
    inputSource,
    calibrationPictures: calibration.length,
    estimates,
    ...placementOf(first.nodes),
    notes: [...notes],
  };
  return { report, quantized: compiled.map(({ batch, quantizedPath: path }) => ({ batch, path })) };
}

async function modelOfBatch(manifest: ModelManifest, onnxPath: string, batch: number): Promise<OnnxModel> {
  if (batch === 1) return readOnnx(onnxPath);
  const source = manifest.files.onnx;
  if (source === undefined || !isBuilt(source)) {
    throw new EffvitError(
      'UNSUPPORTED',
      `${manifest.name} is a graph of batch 1 from elsewhere, and only graphs that effvit builds from weights can be compiled at batch ${batch}: leave --batch out.`,
      { context: { model: manifest.name } },
    );
  }
  const weightsPath = await requireModelFile(manifest, 'weights');
  const { tensors } = await readWeights(weightsPath);
  return buildEfficientVit({ variant: source.variant, weights: tensors, place: weightsPath, batch });
}

function requirePictures(count: number, batches: readonly number[]): void {
  const largest = Math.max(...batches);
  if (count >= largest) return;
  throw new EffvitError(
    'BAD_ARGUMENT',
    `There are ${count} calibration pictures and a model of batch ${largest} is calibrated on ${largest} at a time: give at least so many (--pictures keeps between half its number and all of it), better 50 to 100.`,
  );
}

function classCountOf({ name, output }: ModelManifest, model: OnnxModel | undefined): number {
  const last = output.classCount ?? model?.graph.outputs[0]?.shape?.at(-1);
  if (typeof last === 'number') return last;
  throw new EffvitError(
    'BAD_MODEL',
    `${name} does not say how many classes it has: name a model with a manifest.`,
  );
}

function estimateOf(compiled: CompiledBatch): Omit<BatchEstimate, 'mode'> {
  const { modelName, batch, estimates, isReused, elapsedMs, logPath } = compiled;
  const combined = combinedEstimate(batch, estimates);
  return { modelName, ...combined, subgraphs: estimates.length, isReused, elapsedMs, logPath };
}

function placementOf(
  nodes: readonly NodePlacement[],
): Pick<CompileReport, 'nodeCounts' | 'cpuNodes' | 'leastSimilar'> {
  const cpu = nodes.filter(({ runsOn }) => runsOn === 'CPU');
  return {
    nodeCounts: { bpu: nodes.length - cpu.length, cpu: cpu.length },
    cpuNodes: cpu.map((node) => ({ ...node, remedy: cpuRemedy(node, node === nodes.at(-1)) })),
    leastSimilar: nodes
      .filter(({ cosine }) => cosine !== undefined)
      .toSorted((a, b) => (a.cosine ?? 1) - (b.cosine ?? 1))
      .slice(0, LEAST_SIMILAR_COUNT),
  };
}
