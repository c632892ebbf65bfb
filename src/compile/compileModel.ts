import { stat } from 'node:fs/promises';
import { EffvitError } from '../core/EffvitError.js';
import { buildEfficientVit } from '../efficientvit/buildEfficientVit.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import { isBuilt, requireModelFile } from '../model/modelFiles.js';
import type { OnnxModel } from '../onnx/OnnxModel.js';
import { readOnnx } from '../onnx/readOnnx.js';
import type { ModelAccuracy, OutputComparison } from '../quantize/compareModels.js';
import type { MakertbinFile } from '../quantize/readMakertbinConfig.js';
import { readWeights } from '../weights/readWeights.js';
import {
  type CompileBatchOptions,
  type CompiledBatch,
  type CompileStage,
  compileBatch,
} from './compileBatch.js';
import { type CompileMode, compileModeOf } from './compilerConfig.js';
import { cpuRemedy, type NodePlacement } from './NodePlacement.js';
import { prepareCompilerModel } from './prepareCompilerModel.js';
import { writeModelFolder } from './writeModelFolder.js';

export interface CompileModelOptions
  extends Pick<CompileBatchOptions, 'toolchain' | 'level' | 'inputSource' | 'signal'> {
  readonly config: MakertbinFile;
  /** The float model that the manifest describes. */
  readonly manifest: ModelManifest;
  readonly onnxPath: string;
  /** Ascending; includes 1. */
  readonly batches: readonly number[];
  /** Of all batches; undefined: as {@link compileModeOf} chooses. */
  readonly mode: CompileMode | undefined;
  /** Returns the paths of files with one picture each; called after all other checks. */
  readonly calibration: () => Promise<readonly string[]>;
  /** The model folder to write. */
  readonly output: string;
  readonly onStage: (batch: number, stage: CompileStage, share: number) => void;
}

/** The compiler's estimate for one batch size: the sum of its subgraphs, without the CPU's work between them. */
export interface BatchEstimate extends Omit<CompiledBatch, 'binPath' | 'quantizedPath' | 'nodes'> {
  /** compile_mode: what the compiler optimised for. */
  readonly mode: string;
}

/** Comparison of the BPU's model of a batch size with the float model. */
export interface BatchComparison extends OutputComparison {
  readonly batch: number;
}

/** Accuracy of the float model, effvit's int8 model and the BPU's models on the same labelled pictures. */
export interface CompileEvaluation {
  readonly pictureCount: number;
  readonly float: ModelAccuracy;
  readonly int8: OutputComparison;
  /** Ascending by batch. */
  readonly bpu: readonly BatchComparison[];
}

/** Result of a compilation, as `--json` prints it. */
export interface CompileReport {
  readonly model: string;
  readonly folder: string;
  readonly binPath: string;
  readonly binBytes: number;
  readonly level: string;
  readonly inputSource: string;
  readonly calibrationPictures: number;
  /** Ascending by batch. */
  readonly estimates: readonly BatchEstimate[];
  /** Number of nodes of the first batch size. */
  readonly nodeCounts: { readonly bpu: number; readonly cpu: number };
  /** The nodes on the board's CPU, with the change that moves each to the BPU. */
  readonly cpuNodes: readonly (NodePlacement & { readonly remedy: string })[];
  /** The nodes whose output differs most from the float model's, worst first. */
  readonly leastSimilar: readonly NodePlacement[];
  readonly evaluation?: CompileEvaluation;
  readonly notes: readonly string[];
}

export interface CompiledModel {
  readonly report: CompileReport;
  /** Ascending by batch. */
  readonly batches: readonly CompiledBatch[];
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
  const { config, manifest, batches, level, inputSource } = options;
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
        ...options,
        model,
        modelName: batch === 1 ? prefix : `${prefix}_batch${batch}`,
        batch,
        config: config.text,
        calibration,
        mode: compileModeOf(batch, options.mode),
        onStage: (stage, share) => options.onStage(batch, stage, share),
      }),
    );
  }
  const [first] = compiled;
  if (first === undefined) throw new EffvitError('BAD_ARGUMENT', 'There is no batch to compile.');
  const binPath = await writeModelFolder({
    ...options,
    folder: options.output,
    source: manifest,
    classCount: classCountOf(manifest, models[0]?.model),
    batches: compiled,
  });
  const report: CompileReport = {
    model: manifest.name,
    folder: options.output,
    binPath,
    binBytes: (await stat(binPath)).size,
    level: level ?? config.config.compiler_parameters.optimize_level,
    inputSource,
    calibrationPictures: calibration.length,
    estimates: compiled.map(({ binPath: _bin, quantizedPath: _model, nodes: _nodes, ...estimate }) => ({
      ...estimate,
      mode: compileModeOf(estimate.batch, options.mode) ?? config.config.compiler_parameters.compile_mode,
    })),
    ...placementOf(first.nodes),
    notes: [...notes],
  };
  return { report, batches: compiled };
}

async function modelOfBatch(manifest: ModelManifest, onnxPath: string, batch: number): Promise<OnnxModel> {
  if (batch === 1) return readOnnx(onnxPath);
  const source = manifest.files.onnx;
  if (!isBuilt(source)) {
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
