import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { openBag } from '../bag/openBag.js';
import { readLabelledPictures } from '../classify/labelledPictures.js';
import { modelPreprocess } from '../classify/prepareModel.js';
import { EffvitError } from '../core/EffvitError.js';
import { fillParameters } from '../core/parameters.js';
import { loadLabels } from '../model/labels.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import { resolveModel } from '../model/resolveModel.js';
import { ensureOnnx } from '../modelling/fetch/ensureOnnx.js';
import { FramePlanes } from '../modelling/quantize/FramePlanes.js';
import { formatQuantizeReport } from '../modelling/quantize/formatQuantizeReport.js';
import { listCalibrationPictures } from '../modelling/quantize/listCalibrationPictures.js';
import { COVERAGES, type Coverage } from '../modelling/quantize/NodePlan.js';
import type { LabelledPlanes, PicturePlanes } from '../modelling/quantize/PicturePlanes.js';
import { PRECISIONS, type Precision } from '../modelling/quantize/QuantParams.js';
import { quantizeModel } from '../modelling/quantize/quantizeModel.js';
import { readCalibrationSet } from '../modelling/quantize/readCalibrationSet.js';
import { type MakertbinFile, readMakertbinConfig } from '../modelling/quantize/readMakertbinConfig.js';
import { writeCalibrationSet } from '../modelling/quantize/writeCalibrationSet.js';
import { quantizeChart } from '../report/charts/quantizeChart.js';
import type { CommandContext } from './CommandContext.js';
import { isBagPath } from './isBagPath.js';
import { numberParser } from './options.js';
import { pictureFrame } from './pictureFrame.js';
import { quantizeChartData } from './quantizeChartData.js';
import { checkChartPath, writeChart } from './writeChart.js';

interface QuantizeCommandOptions {
  readonly calibration: string;
  readonly model?: string;
  readonly output?: string;
  readonly eval?: string;
  readonly pictures: number;
  readonly node: readonly string[];
  readonly coverage: Coverage;
  readonly reduceRange?: boolean;
  readonly ablation?: boolean;
  readonly speedRounds: number;
  readonly chart?: string;
  readonly json?: boolean;
}

/** `effvit quantize CONFIG`: the vendor's calibration set, an int8 ONNX model, and how it compares. */
export function registerQuantize(program: Command, context: CommandContext): void {
  program
    .command('quantize')
    .description(
      "Quantise a float ONNX model by the vendor compiler's yaml, and hold it against the float model.",
    )
    .argument('<config>', "yaml file in hb_mapper makertbin's keys")
    .requiredOption('--calibration <path>', 'folder or list of pictures, or a bag: what the model will see')
    .option('--model <model>', 'model or .onnx file; where it is not given, onnx_model of the yaml')
    .option(
      '--output <file>',
      "the int8 model; the yaml's prefix and _int8.onnx in the working folder where not given",
    )
    .option('--eval <list>', 'labelled pictures to compare the models on, as effvit eval takes them')
    .option('--pictures <n>', 'at most so many pictures for calibration', numberParser(1, 10_000, true), 100)
    .option(
      '--node <name=form>',
      `form of nodes (${PRECISIONS.join(' | ')}; * in the name stands for any text), over the yaml's; repeatable`,
      collect,
      [],
    )
    .addOption(
      new Option(
        '--coverage <which>',
        'what becomes int8 unless said otherwise: the nodes that gain time on a CPU (fast), or all that a BPU has in int8 (full)',
      )
        .choices(COVERAGES)
        .default('fast'),
    )
    .option('--reduce-range', 'weights of 64 steps a side; by default where the CPU has no VNNI')
    .option('--ablation', 'compare int8, int16 and float softmax as well')
    .option(
      '--speed-rounds <n>',
      'rounds of the speed comparison, 0 leaves it out',
      numberParser(0, 1000, true),
      60,
    )
    .option('--chart <file>', 'draw the accuracy and the least similar nodes (.png, .svg, .html)')
    .option('--json', 'one JSON object instead of tables')
    .addHelpText(
      'after',
      '\nExample: effvit quantize config/efficientvit_m5.yaml --model efficientvit_m5_signs --calibration bags/signs_drive\n',
    )
    .action(async (path: string, options: QuantizeCommandOptions) => {
      if (options.chart !== undefined) checkChartPath(options.chart);
      const { terminal, signal } = context;
      const config = await readMakertbinConfig(path);
      const overrides = parseNodeForms(options.node);
      const manifest = await resolveModel(options.model ?? modelOfConfig(config));
      const onnxPath = await ensureOnnx(manifest, { signal });
      const prefix = config.config.model_parameters.output_model_file_prefix;
      const outputPath = resolve(options.output ?? `${prefix}_int8.onnx`);
      const planes = planesMaker(manifest);
      // Next to the model, under the name that the yaml gives it: the vendor's compiler can be run there next.
      const [dataFolder = 'calibration_data'] = config.config.calibration_parameters.cal_data_dir;
      const folder = join(dirname(outputPath), basename(dataFolder));
      const set = await writeCalibrationSet(calibrationPlanes(options, planes, context), {
        folder,
        valuesPerPicture: planes.valuesPerPicture,
        maxPictures: options.pictures,
        signal,
        onPicture: (written) => terminal.progress('calibration set', written, options.pictures),
      });
      const labelled =
        options.eval === undefined ? undefined : await labelledPlanes(options.eval, manifest, planes);
      const files = await readCalibrationSet(set.folder, planes.valuesPerPicture);
      const report = await quantizeModel({
        config,
        onnxPath,
        outputPath,
        calibration: files.pictures(),
        overrides,
        coverage: options.coverage,
        ablation: options.ablation === true,
        speedRounds: options.speedRounds,
        signal,
        onProgress: (stage, done, total) => terminal.progress(stage, done, total ?? done),
        ...(labelled !== undefined && { evaluation: labelled }),
        ...(options.reduceRange === true && { reduceRange: true }),
      });
      if (options.chart !== undefined) {
        await writeChart(options.chart, quantizeChart(quantizeChartData(report, manifest.name)));
      }
      if (options.json === true) {
        terminal.json({ ...report, calibrationSet: set });
        return;
      }
      terminal.line(`calibration set: ${set.pictureCount} pictures in ${set.folder}`);
      terminal.line(formatQuantizeReport(report));
    });
}

function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}

function parseNodeForms(texts: readonly string[]): ReadonlyMap<string, Precision> {
  const forms = new Map<string, Precision>();
  for (const text of texts) {
    const split = text.lastIndexOf('=');
    const [name, form] = [text.slice(0, split), PRECISIONS.find((known) => known === text.slice(split + 1))];
    if (split < 1 || form === undefined) {
      throw new EffvitError(
        'BAD_ARGUMENT',
        `Expected --node NAME=${PRECISIONS.join('|')} but received ${text}.`,
      );
    }
    // At the end, where it wins over every pattern before it.
    forms.delete(name);
    forms.set(name, form);
  }
  return forms;
}

/**
 * The yaml's `onnx_model`, relative to the yaml's folder as hb_mapper has it; where no such file lies there, the
 * model of that name.
 */
function modelOfConfig({ config, file }: MakertbinFile): string {
  const path = resolve(dirname(file), config.model_parameters.onnx_model);
  return existsSync(path) ? path : basename(path, '.onnx');
}

function planesMaker(manifest: ModelManifest): FramePlanes {
  const { color } = manifest.input;
  if (color === 'nv12') {
    throw new EffvitError(
      'UNSUPPORTED',
      `${manifest.name} takes NV12: quantise the same model with an RGB input, as the vendor's compiler wants it.`,
    );
  }
  return new FramePlanes(modelPreprocess(manifest, fillParameters({ resize_filter: 'antialias' })), color);
}

async function* calibrationPlanes(
  { calibration, pictures }: QuantizeCommandOptions,
  planes: FramePlanes,
  { terminal }: CommandContext,
): AsyncGenerator<PicturePlanes> {
  if (!(await isBagPath(calibration))) {
    for (const path of await listCalibrationPictures(calibration, pictures)) {
      yield await planes.planesOf(await pictureFrame(path));
    }
    return;
  }
  const bag = await openBag(calibration);
  try {
    for await (const item of bag.imageFrames()) {
      if (item.kind === 'image') yield await planes.planesOf(item.frame);
      else terminal.warn(item.error.message);
    }
    for (const warning of bag.warnings) terminal.warn(warning);
  } finally {
    await bag.close();
  }
}

/** The labelled pictures as a stream that can be read again; a wrong list shows before the work begins. */
async function labelledPlanes(
  list: string,
  manifest: ModelManifest,
  planes: FramePlanes,
): Promise<() => AsyncGenerator<LabelledPlanes>> {
  const { classCount } = manifest.output;
  if (classCount === undefined) {
    throw new EffvitError(
      'BAD_ARGUMENT',
      `--eval needs the number of classes, and ${manifest.name} has no manifest: name a model with one.`,
    );
  }
  const pictures = await readLabelledPictures(list, await loadLabels(manifest, classCount));
  return async function* (): AsyncGenerator<LabelledPlanes> {
    for (const { path, classIndex } of pictures) {
      yield { ...(await planes.planesOf(await pictureFrame(path))), label: classIndex };
    }
  };
}
