import { openBag } from '../bag/openBag.js';
import { classifierOptions } from '../classify/classifierOptions.js';
import { readLabelledPictures } from '../classify/labelledPictures.js';
import { modelPreprocess } from '../classify/prepareModel.js';
import { EffvitError } from '../core/EffvitError.js';
import { loadLabels } from '../model/labels.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import { FramePlanes } from '../modelling/quantize/FramePlanes.js';
import { listCalibrationPictures } from '../modelling/quantize/listCalibrationPictures.js';
import type { LabelledPlanes, PicturePlanes } from '../modelling/quantize/PicturePlanes.js';
import { isBagPath } from './isBagPath.js';
import { pictureFrame } from './pictureFrame.js';
import type { Terminal } from './Terminal.js';

/** @throws EffvitError UNSUPPORTED for a model that takes NV12 */
export function planesMaker(manifest: ModelManifest): FramePlanes {
  const { color } = manifest.input;
  if (color === 'nv12') {
    throw new EffvitError(
      'UNSUPPORTED',
      `${manifest.name} takes NV12: quantise the same model with an RGB input, as the vendor's compiler wants it.`,
    );
  }
  return new FramePlanes(modelPreprocess(manifest, classifierOptions({ resizeFilter: 'antialias' })), color);
}

/**
 * The pictures of a folder, a list or a bag, in their order; of a bag all frames, for the writer to thin.
 *
 * @throws EffvitError NOT_FOUND, IO_FAILED, BAD_IMAGE
 */
export async function* calibrationPlanes(
  calibration: string,
  maxPictures: number,
  planes: FramePlanes,
  terminal: Terminal,
): AsyncGenerator<PicturePlanes> {
  if (!(await isBagPath(calibration))) {
    for (const path of await listCalibrationPictures(calibration, maxPictures)) {
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

/** What is read for --calibration and --eval: a recording, or a folder or list with its pictures. */
export async function pictureInputs(path: string): Promise<string[]> {
  if (await isBagPath(path)) return [path];
  // A wrong list is told where it is read.
  const pictures = await listCalibrationPictures(path, Number.POSITIVE_INFINITY).catch(() => []);
  return [path, ...pictures];
}

/** The labelled pictures as a stream that can be read again; a wrong list shows before the work begins. */
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
    );
  }
  const pictures = await readLabelledPictures(list, await loadLabels(manifest, classCount));
  return async function* (): AsyncGenerator<LabelledPlanes> {
    for (const { path, classIndex } of pictures) {
      yield { ...(await planes.planesOf(await pictureFrame(path))), label: classIndex };
    }
  };
}
