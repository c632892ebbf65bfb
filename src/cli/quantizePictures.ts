import type { Command } from 'commander';
import { openBag } from '../bag/openBag.js';
import { classifierOptions } from '../classify/classifierOptions.js';
import { readLabelledPictures } from '../classify/labelledPictures.js';
import { modelPreprocess } from '../classify/prepareModel.js';
import { EffvitError } from '../core/EffvitError.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import { pictureFrame } from '../image/pictureFrame.js';
import { PictureNotices } from '../image/pictureNotes.js';
import { loadLabels } from '../model/labels.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import { FramePlanes } from '../quantize/FramePlanes.js';
import { listCalibrationPictures } from '../quantize/listCalibrationPictures.js';
import type { LabelledPlanes, PicturePlanes } from '../quantize/PicturePlanes.js';
import { type CalibrationSet, writeCalibrationSet } from '../quantize/writeCalibrationSet.js';
import type { CommandContext } from './CommandContext.js';
import { isBagPath } from './isBagPath.js';
import { forceOption, numberParser } from './options.js';
import { manifestInputs } from './outputs/modelInputs.js';
import { pictureInputs } from './outputs/pictureInputs.js';
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

/** @throws EffvitError UNSUPPORTED for a model that takes NV12 */
export function planesMaker(manifest: ModelManifest): FramePlanes {
  const { color } = manifest.input;
  if (color === 'nv12') {
    throw new EffvitError(
      'UNSUPPORTED',
      `${manifest.name} takes NV12: quantise the same model with an RGB input, as the vendor's compiler requires.`,
      { context: { model: manifest.name } },
    );
  }
  return new FramePlanes(modelPreprocess(manifest, classifierOptions({ resizeFilter: 'antialias' })), color);
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
      throw new EffvitError(
        'BAD_ARGUMENT',
        `--topic chooses topics of a bag, and ${calibration} is none: leave it out.`,
        { context: { file: calibration } },
      );
    }
    for (const path of await listCalibrationPictures(calibration, maxPictures)) {
      const picture = await planesOf(await pictureFrame(path));
      if (picture !== undefined) yield picture;
    }
  } finally {
    for (const sentence of unreadable.sentences()) terminal.warn(sentence);
  }
}

/** The files that `quantize` and `compile` read, for checkOutputs. */
export async function inputFilesOf(
  configPath: string,
  onnxPath: string,
  manifest: ModelManifest,
  { calibration, eval: labelled }: CalibrationOptions,
): Promise<string[]> {
  const pictures = await pictureInputs([calibration, labelled]);
  return [configPath, onnxPath, ...(await manifestInputs(manifest)), ...pictures];
}

/** The labelled pictures as a stream that can be read repeatedly; a wrong list fails before the work starts. */
export async function labelledPlanes(
  list: string,
  manifest: ModelManifest,
  planes: FramePlanes,
): Promise<() => AsyncGenerator<LabelledPlanes>> {
  const { classCount } = manifest.output;
  if (classCount === undefined) {
    throw new EffvitError(
      'BAD_ARGUMENT',
      `--eval needs the number of classes, which the graph of ${manifest.name} leaves open: write \`output: { class_count: N }\` into a manifest.yaml beside it.`,
      { context: { model: manifest.name } },
    );
  }
  const { pictures } = await readLabelledPictures(list, await loadLabels(manifest, classCount));
  return async function* (): AsyncGenerator<LabelledPlanes> {
    for (const { path, classIndex } of pictures) {
      yield { ...(await planes.planesOf(await pictureFrame(path))), label: classIndex };
    }
  };
}
