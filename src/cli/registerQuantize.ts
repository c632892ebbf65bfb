import { basename, dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { badArgument } from '../core/EffvitError.js';
import { type CalibrationSet, readCalibrationSet } from '../quantize/calibrationSet.js';
import type { PicturePlanes } from '../quantize/FramePlanes.js';
import { formatQuantizeReport } from '../quantize/formatQuantizeReport.js';
import { COVERAGES, type Coverage } from '../quantize/planNodes.js';
import { PRECISIONS, type Precision } from '../quantize/QuantParams.js';
import { type QuantizeReport, quantizeModel } from '../quantize/quantizeModel.js';
import { readMakertbinConfig } from '../quantize/readMakertbinConfig.js';
import { writeQuantizedManifest } from '../quantize/writeQuantizedManifest.js';
import { type QuantizeChartData, quantizeChart } from '../report/charts/quantizeChart.js';
import type { CommandContext } from './CommandContext.js';
import { choiceOption, numberParser } from './options.js';
import {
  addCalibrationOptions,
  type CalibrationOptions,
  calibrationSet,
  floatModel,
} from './quantizePictures.js';
import { chartOutput, writeChart } from './writeChart.js';

interface QuantizeCommandOptions extends CalibrationOptions {
  readonly node: readonly string[];
  readonly coverage: Coverage;
  readonly fullRange?: boolean;
  readonly ablation?: boolean;
  readonly speedRounds: number;
}

/** `effvit quantize CONFIG`: the vendor's calibration set, an int8 ONNX model, and how it compares. */
export function registerQuantize(command: Command, context: CommandContext): void {
  const texts = {
    output: "the int8 model; the yaml's prefix and _int8.onnx in the working folder where not given",
    eval: 'labelled pictures to compare the models on, as effvit eval takes them',
    chart: 'draw the accuracy and the least similar nodes (.png, .svg, .html)',
  };
  addCalibrationOptions(command, texts, 'file')
    .option(
      '--node <name=form>',
      `precision of nodes (${PRECISIONS.join(' | ')}; * in the name matches any text), overrides the yaml; repeatable`,
      (form: string, earlier: readonly string[]) => [...earlier, form],
      [],
    )
    .addOption(
      choiceOption(
        '--coverage <which>',
        'what becomes int8 unless said otherwise: the nodes that gain time on a CPU (fast), or all that a BPU has in int8 (full)',
        COVERAGES,
        'fast',
      ),
    )
    .option(
      '--full-range',
      'all steps of int8 for weights: wrong sums on x86 CPUs without VNNI, slightly nearer to float elsewhere',
    )
    .option('--ablation', 'compare int8, int16 and float softmax as well')
    .option(
      '--speed-rounds <n>',
      'rounds of the speed comparison, 0 leaves it out',
      numberParser(0, 1000, true),
      60,
    )
    .action(async (path: string, options: QuantizeCommandOptions) => {
      const { terminal, signal } = context;
      const chart = chartOutput(options.chart);
      const config = await readMakertbinConfig(path);
      const overrides = parseNodeForms(options.node);
      const prefix = config.config.model_parameters.output_model_file_prefix;
      const outputPath = resolve(options.output ?? `${prefix}_int8.onnx`);
      if (!outputPath.toLowerCase().endsWith('.onnx')) {
        throw badArgument(`--output ${outputPath} does not end in .onnx: name the file to write.`, {
          file: outputPath,
        });
      }
      const outputs = [{ option: '--output', path: outputPath, kind: 'onnx' } as const, chart];
      // The yaml's normalisation is used here; it is compared with the manifest's.
      const fit = { isNormalisationKnown: true };
      const model = await floatModel(config, options, outputs, context, fit);
      const { manifest, onnxPath, planes, labelled } = model;
      // Next to the model, under the name from the yaml, so that the vendor's compiler can be run there.
      const [dataFolder = 'calibration_data'] = config.config.calibration_parameters.cal_data_dir;
      const folder = join(dirname(outputPath), basename(dataFolder));
      let set: CalibrationSet | undefined;
      // Created when the first picture is requested: by then the model and all node names were checked.
      const calibration = async function* (): AsyncGenerator<PicturePlanes> {
        set = await calibrationSet(options, folder, planes, context, (written) =>
          terminal.progress('calibration set', written, options.pictures),
        );
        yield* readCalibrationSet(set.folder, planes.valuesPerPicture);
      };
      const report = await quantizeModel({
        config,
        onnxPath,
        outputPath,
        calibration: calibration(),
        overrides,
        coverage: options.coverage,
        ablation: options.ablation === true,
        speedRounds: options.speedRounds,
        signal,
        onProgress: (stage, done, total) => terminal.progress(stage, done, total ?? done),
        ...(labelled !== undefined && { evaluation: labelled }),
        fullRange: options.fullRange === true,
      });
      const manifestPath = await writeQuantizedManifest(manifest, outputPath, report);
      if (options.chart !== undefined) {
        await writeChart(options.chart, quantizeChart(quantizeChartData(report, manifest.name)));
      }
      if (options.json === true) return terminal.json({ ...report, calibrationSet: set, manifestPath });
      if (set !== undefined) terminal.line(setLine(set));
      terminal.line(formatQuantizeReport(report));
      if (manifestPath !== undefined) {
        terminal.line(`${manifestPath}: labels and preprocessing of ${manifest.name}, for --model here.`);
      }
    });
}

function parseNodeForms(texts: readonly string[]): ReadonlyMap<string, Precision> {
  const forms = new Map<string, Precision>();
  for (const text of texts) {
    const split = text.lastIndexOf('=');
    const [name, form] = [text.slice(0, split), PRECISIONS.find((known) => known === text.slice(split + 1))];
    if (split < 1 || form === undefined) {
      throw badArgument(`Expected --node NAME=${PRECISIONS.join('|')} but received ${text}.`);
    }
    // Inserted last, so that it overrides every earlier pattern.
    forms.delete(name);
    forms.set(name, form);
  }
  return forms;
}

function setLine({ pictureCount, seenCount, folder }: CalibrationSet): string {
  const seen = seenCount > pictureCount ? ` of ${seenCount}` : '';
  return `calibration set: ${pictureCount}${seen} pictures in ${folder}`;
}

/** The part of a quantisation report that the chart shows. */
function quantizeChartData(report: QuantizeReport, model: string): QuantizeChartData {
  const { outputs, ablation = [] } = report;
  const bar = (name: string, percent: number | null, isFloat: boolean): QuantizeChartData['accuracy'] =>
    percent === null ? [] : [{ name, percent, isFloat }];
  const pictures = report.isComparedOnCalibration ? 'calibration pictures, which flatter' : 'pictures';
  return {
    title: `${model}, quantised`,
    subtitle: `calibration ${report.calibrationMethod}; compared on ${outputs.pictureCount} ${pictures}`,
    accuracy: [
      ...bar('top-1, float', outputs.float.top1Percent, true),
      ...bar('top-1, quantised', outputs.quantized.top1Percent, false),
      ...bar('top-5, float', outputs.float.top5Percent, true),
      ...bar('top-5, quantised', outputs.quantized.top5Percent, false),
      ...(outputs.pictureCount > 0 ? bar('same best class', outputs.agreementPercent, false) : []),
      ...ablation.map((row) => ({
        name: `same best class, softmax ${row.softmax} (${row.coverage})`,
        percent: row.outputs.agreementPercent,
        isFloat: false,
      })),
    ],
    nodes: report.nodes.map(({ node, precision, cosine }) => ({ name: node, form: precision, cosine })),
  };
}
