import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { openBag } from '../bag/openBag.js';
import { classifierOptions } from '../classify/classifierOptions.js';
import { readLabelledPictures } from '../classify/labelledPictures.js';
import { modelPreprocess } from '../classify/prepareModel.js';
import { badArgument, EffvitError } from '../core/EffvitError.js';
import { ensureOnnx } from '../fetch/ensureOnnx.js';
import { type FitOptions, fitManifest } from '../fit/fitManifest.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import { pictureFrame } from '../image/pictureFrame.js';
import { PictureNotices } from '../image/pictureNotes.js';
import { loadLabels } from '../model/labels.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import { resolveModel } from '../model/resolveModel.js';
import {
  type CalibrationSet,
  listCalibrationPictures,
  writeCalibrationSet,
} from '../quantize/calibrationSet.js';
import { FramePlanes, type LabelledPlanes, type PicturePlanes } from '../quantize/FramePlanes.js';
import { normalizationWarnings } from '../quantize/InputNormalization.js';
import type { MakertbinFile } from '../quantize/readMakertbinConfig.js';
import type { CommandContext } from './CommandContext.js';
import { forceOption, numberParser } from './options.js';
import { checkOutputs, type PlannedOutput } from './outputs/checkOutputs.js';
import { manifestInputs } from './outputs/inputFiles.js';
import { isBagPath, pictureInputs } from './outputs/pictureInputs.js';
import type { Terminal } from './Terminal.js';
import { UnreadableFrames } from './UnreadableFrames.js';

/** The options that `quantize` and `compile` share. */
export interface CalibrationOptions {
  readonly calibration: string;
  readonly topic?: readonly string[];
  readonly model?: string;
  readonly output?: string;
  readonly eval?: string;
  readonly pictures: number;
  readonly chart?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Adds the argument and the options of {@link CalibrationOptions}; each text says what this command does with it. */
export function addCalibrationOptions(
  command: Command,
  texts: Readonly<Record<'output' | 'eval' | 'chart', string>>,
  outputPlaceholder: 'file' | 'folder',
): Command {
  return command
    .argument('<config>', "yaml file in hb_mapper makertbin's keys")
    .requiredOption('--calibration <path>', 'folder or list of pictures, or a bag: what the model will see')
    .option('--topic <name...>', 'image topics of the bag; default all')
    .option('--model <model>', 'model or .onnx file; default onnx_model of the yaml')
    .option(`--output <${outputPlaceholder}>`, texts.output)
    .option('--eval <list>', texts.eval)
    .option('--pictures <n>', 'at most so many pictures for calibration', numberParser(1, 10_000, true), 100)
    .option('--chart <file>', texts.chart)
    .addOption(forceOption())
    .option('--json', 'one JSON object instead of tables');
}

/** A float model, its compiler configuration, and how pictures are prepared for it. */
export interface FloatModel {
  readonly config: MakertbinFile;
  readonly manifest: ModelManifest;
  readonly onnxPath: string;
  readonly planes: FramePlanes;
  /** The pictures of --eval, which can be read repeatedly. */
  readonly labelled: (() => AsyncGenerator<LabelledPlanes>) | undefined;
}

/**
 * Finds the model of a configuration or of --model, and checks all files before the work starts.
 *
 * @throws EffvitError as {@link resolveModel}, {@link ensureOnnx}, {@link fitManifest}, {@link checkOutputs} and
 *   {@link readLabelledPictures}; UNSUPPORTED for a model that takes NV12
 */
export async function floatModel(
  config: MakertbinFile,
  options: CalibrationOptions,
  outputs: readonly PlannedOutput[],
  { terminal, signal }: CommandContext,
  fit: FitOptions = {},
): Promise<FloatModel> {
  // Relative to the yaml's folder as in hb_mapper; if that file is missing, the model of that name.
  const ofConfig = resolve(dirname(config.file), config.config.model_parameters.onnx_model);
  const named = existsSync(ofConfig) ? ofConfig : basename(ofConfig, '.onnx');
  const resolved = await resolveModel(options.model ?? named);
  const onnxPath = await ensureOnnx(resolved, { signal });
  const { manifest } = await fitManifest(resolved, onnxPath, fit);
  await checkOutputs({
    inputs: async () => {
      const pictures = await pictureInputs([options.calibration, options.eval]);
      return [config.file, onnxPath, ...(await manifestInputs(manifest)), ...pictures];
    },
    outputs,
    isForced: options.force,
  });
  for (const warning of normalizationWarnings(config.config, manifest)) terminal.warn(warning);
  const { color } = manifest.input;
  if (color === 'nv12') {
    throw new EffvitError(
      'UNSUPPORTED',
      `${manifest.name} takes NV12: quantise the same model with an RGB input, as the vendor's compiler requires.`,
      { context: { model: manifest.name } },
    );
  }
  const preprocess = modelPreprocess(manifest, classifierOptions({ resizeFilter: 'antialias' }));
  const planes = new FramePlanes(preprocess, color);
  const labelled =
    options.eval === undefined ? undefined : await labelledPlanes(options.eval, manifest, planes);
  return { config, manifest, onnxPath, planes, labelled };
}

/** Writes the calibration set of a command into a folder. @throws EffvitError as {@link writeCalibrationSet} */
export function calibrationSet(
  { calibration, pictures, topic }: CalibrationOptions,
  folder: string,
  planes: FramePlanes,
  { terminal, signal }: CommandContext,
  onPicture: (written: number) => void,
): Promise<CalibrationSet> {
  return writeCalibrationSet(calibrationPlanes(calibration, pictures, planes, terminal, topic), {
    folder,
    valuesPerPicture: planes.valuesPerPicture,
    maxPictures: pictures,
    signal,
    onPicture,
  });
}

/**
 * The pictures of a folder, a list or a bag, in their order. A bag gives all frames; the writer selects some of them.
 * Unreadable pictures are skipped, with one warning per cause.
 *
 * @param topics of a bag; all image topics if undefined
 * @throws EffvitError NOT_FOUND, IO_FAILED, BAD_BAG
 */
export async function* calibrationPlanes(
  calibration: string,
  maxPictures: number,
  planes: FramePlanes,
  terminal: Terminal,
  topics?: readonly string[],
): AsyncGenerator<PicturePlanes> {
  const unreadable = new UnreadableFrames();
  const notices = new PictureNotices((text) => terminal.warn(text));
  const planesOf = async (frame: ImageFrame): Promise<PicturePlanes | undefined> => {
    try {
      const picture = await planes.planesOf(frame);
      notices.report(frame.source, picture.notes ?? []);
      return picture;
    } catch (error) {
      if (!(error instanceof EffvitError) || error.code !== 'BAD_IMAGE') throw error;
      unreadable.add(frame.source, error.message);
      return undefined;
    }
  };
  try {
    if (await isBagPath(calibration)) {
      const bag = await openBag(calibration);
      try {
        for await (const item of bag.imageFrames({ topics })) {
          const picture = item.kind === 'image' ? await planesOf(item.frame) : undefined;
          if (item.kind === 'problem') unreadable.add(item.topic, item.error.message);
          if (picture !== undefined) yield picture;
        }
        for (const warning of bag.warnings) terminal.warn(warning);
      } finally {
        await bag.close();
      }
      return;
    }
    if (topics !== undefined) {
      throw badArgument(`--topic chooses topics of a bag, and ${calibration} is none: leave it out.`, {
        file: calibration,
      });
    }
    for (const path of await listCalibrationPictures(calibration, maxPictures)) {
      const picture = await planesOf(await pictureFrame(path));
      if (picture !== undefined) yield picture;
    }
  } finally {
    for (const sentence of unreadable.sentences()) terminal.warn(sentence);
  }
}

/** The labelled pictures as a stream that can be read repeatedly; a wrong list fails before the work starts. */
async function labelledPlanes(
  list: string,
  manifest: ModelManifest,
  planes: FramePlanes,
): Promise<() => AsyncGenerator<LabelledPlanes>> {
  const { classCount } = manifest.output;
  if (classCount === undefined) {
    throw badArgument(
      `--eval needs the number of classes, which the graph of ${manifest.name} leaves open: write \`output: { class_count: N }\` into a manifest.yaml beside it.`,
      { model: manifest.name },
    );
  }
  const { pictures } = await readLabelledPictures(list, await loadLabels(manifest, classCount));
  return async function* (): AsyncGenerator<LabelledPlanes> {
    for (const { path, classIndex } of pictures) {
      yield { ...(await planes.planesOf(await pictureFrame(path))), label: classIndex };
    }
  };
}
