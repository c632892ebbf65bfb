import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import {
  type BatchComparison,
  type CompiledModel,
  type CompileEvaluation,
  type CompileReport,
  compileModel,
} from '../compile/compileModel.js';
import {
  COMPILE_MODES,
  type CompileMode,
  checkCompilable,
  OPTIMIZE_LEVELS,
  type OptimizeLevel,
} from '../compile/compilerConfig.js';
import { evaluateCompiled } from '../compile/evaluateCompiled.js';
import { formatCompileReport } from '../compile/formatCompileReport.js';
import { checkModelFolder } from '../compile/writeModelFolder.js';
import { TemporaryFolder } from '../core/TemporaryFolder.js';
import { BPU_INPUT_SOURCES, type BpuInputSource } from '../model/manifestValues.js';
import { MAX_BATCH } from '../pool/PoolOptions.js';
import { readCalibrationSet } from '../quantize/calibrationSet.js';
import { quantizeModel } from '../quantize/quantizeModel.js';
import { readMakertbinConfig } from '../quantize/readMakertbinConfig.js';
import { barChart } from '../report/charts/barChart.js';
import { requireToolchain, type Toolchain } from '../toolchain/toolchainStatus.js';
import type { CommandContext } from './CommandContext.js';
import { type CompileProgress, compileProgress } from './CompileProgress.js';
import { compileChartData } from './compileChartData.js';
import { choiceOption, integersParser } from './options.js';
import {
  addCalibrationOptions,
  type CalibrationOptions,
  calibrationSet,
  type FloatModel,
  floatModel,
} from './quantizePictures.js';
import { chartOutput, writeChart } from './writeChart.js';

interface CompileCommandOptions extends CalibrationOptions {
  readonly level?: OptimizeLevel;
  readonly compileMode?: CompileMode;
  readonly batch: readonly number[];
  readonly inputSource: BpuInputSource;
}

/** `effvit compile CONFIG`: makes a model folder for the board with the vendor's compiler. */
export function registerCompile(command: Command, context: CommandContext): void {
  const texts = {
    output: "the model folder; the yaml's prefix where not given",
    eval: 'labelled pictures: float, int8 and the integers of the BPU on them',
    chart: 'draw the estimate and the least similar nodes (.png, .svg, .html)',
  };
  addCalibrationOptions(command, texts, 'folder')
    .addOption(
      choiceOption('--level <level>', "effort of the compiler, instead of the yaml's", OPTIMIZE_LEVELS),
    )
    .addOption(
      choiceOption(
        '--compile-mode <mode>',
        "what to compile for; the yaml's where not given, and latency for batches from 4 on",
        COMPILE_MODES,
      ),
    )
    .option(
      '--batch <numbers>',
      'pictures a task, as 1,2,4: all into one file, 1 always',
      integersParser(1, MAX_BATCH),
      [1],
    )
    .addOption(
      choiceOption(
        '--input-source <source>',
        'whether the chip cuts and scales the picture itself',
        BPU_INPUT_SOURCES,
        'pyramid',
      ),
    )
    .addHelpText(
      'after',
      '\nThe times are estimates of the compiler, not measured on a board. Unchanged results are taken from the cache.\nExample: effvit compile config/efficientvit_m5.yaml --model efficientvit_m5_signs --calibration bags/signs_drive --batch 1,4\n',
    )
    .action((path: string, options: CompileCommandOptions) => compile(path, options, context));
}

async function compile(path: string, options: CompileCommandOptions, context: CommandContext): Promise<void> {
  const { terminal, signal } = context;
  const chart = chartOutput(options.chart);
  const config = await readMakertbinConfig(path);
  checkCompilable(config);
  const toolchain = requireToolchain();
  const output = resolve(options.output ?? config.config.model_parameters.output_model_file_prefix);
  await checkModelFolder(output);
  const model = await floatModel(config, options, [chart], context);
  const progress = compileProgress(terminal);
  const scratch = await TemporaryFolder.make();
  try {
    const calibrationFolder = join(scratch.path, 'calibration');
    const compiled = await compileModel({
      toolchain,
      config,
      manifest: model.manifest,
      onnxPath: model.onnxPath,
      output,
      signal,
      // For a frame alone.
      batches: [...new Set([1, ...options.batch])].sort((a, b) => a - b),
      level: options.level,
      mode: options.compileMode,
      inputSource: options.inputSource,
      calibration: async () => {
        const set = await calibrationSet(options, calibrationFolder, model.planes, context, (written) =>
          progress.set('calibration set', written / options.pictures),
        );
        return (await readdir(set.folder)).sort().map((name) => join(set.folder, name));
      },
      onStage: (batch, stage, share) => progress.set(`batch ${batch}: ${stage}`, share),
    });
    const evaluation = await evaluate(model, compiled, { toolchain, progress, signal, calibrationFolder });
    progress.close();
    const report: CompileReport = { ...compiled.report, ...(evaluation && { evaluation }) };
    if (options.chart !== undefined) await writeChart(options.chart, barChart(compileChartData(report)));
    if (options.json === true) return terminal.json(report);
    terminal.line(formatCompileReport(report));
    terminal.line(
      `${report.folder}: ${(report.binBytes / 1e6).toFixed(2)} MB of .bin for the RDK X5; on the board: effvit node --ros-args -p model:=${report.folder}`,
    );
  } finally {
    progress.close();
    await scratch.remove();
  }
}

interface EvaluationTools {
  readonly toolchain: Toolchain;
  readonly progress: CompileProgress;
  readonly signal: AbortSignal;
  readonly calibrationFolder: string;
}

/**
 * Compares effvit's int8 model of the same configuration and calibration, then the BPU's integer model of each batch;
 * undefined without labelled pictures.
 */
async function evaluate(
  { config, onnxPath, planes, labelled }: FloatModel,
  { batches }: CompiledModel,
  { toolchain, progress, signal, calibrationFolder }: EvaluationTools,
): Promise<CompileEvaluation | undefined> {
  if (labelled === undefined) return undefined;
  const calibration = readCalibrationSet(calibrationFolder, planes.valuesPerPicture);
  const { outputs: int8 } = await quantizeModel({
    config,
    onnxPath,
    calibration,
    signal,
    outputPath: join(dirname(calibrationFolder), 'int8.onnx'),
    speedRounds: 0,
    evaluation: labelled,
    onProgress: (stage, done, total) =>
      progress.set(`int8 for CPUs: ${stage}`, total === undefined ? 0 : done / total),
  });
  const bpu: BatchComparison[] = [];
  for (const { batch, quantizedPath } of batches) {
    const comparison = await evaluateCompiled({
      toolchain,
      config,
      signal,
      floatPath: onnxPath,
      quantizedPath,
      pictures: labelled(),
      onPicture: (done) => progress.set(`the BPU's integers, batch ${batch}`, done / int8.pictureCount),
    });
    bpu.push({ batch, ...comparison });
  }
  return { pictureCount: int8.pictureCount, float: int8.float, int8, bpu };
}
