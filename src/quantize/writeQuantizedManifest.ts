import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { stringify } from 'yaml';
import { asEffvitError, isMissing } from '../core/EffvitError.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import { int8NameOf } from '../model/defaultManifest.js';
import { loadLabels } from '../model/labels.js';
import { inheritedManifestYaml, MANIFEST_NAME } from '../model/loadManifest.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import type { QuantizeReport } from './quantizeModel.js';

/** First line of files written here; only such a file may be replaced. */
const MARK = '# Written by effvit quantize';

/**
 * Writes a manifest.yaml beside a quantised model, with the labels and the preprocessing of the float one, so
 * that `--model FOLDER` and `--model FILE.onnx` classify as the float model does.
 *
 * @param report its accuracy figures are stored for `model: auto`
 * @param float a model with a manifest; for a bare file nothing is written
 * @returns the manifest's path; undefined if none was written, because the folder has one that effvit did not write, or
 *   the float model is a bare file
 * @throws EffvitError IO_FAILED; NOT_FOUND, BAD_MANIFEST for the labels
 */
export async function writeQuantizedManifest(
  float: ModelManifest,
  onnxPath: string,
  report?: Pick<QuantizeReport, 'isComparedOnCalibration' | 'outputs' | 'speed'>,
): Promise<string | undefined> {
  const { classCount } = float.output;
  const folder = dirname(onnxPath);
  const path = join(folder, MANIFEST_NAME);
  if (float.origin === 'file' || classCount === undefined || !(await mayWrite(path))) return undefined;
  const stem = basename(onnxPath, extname(onnxPath));
  let labels: string = float.labels.kind;
  if (labels !== 'imagenet1k') {
    labels = `${stem}.labels.txt`;
    const lines = await loadLabels(float, classCount);
    // Without a manifest that says it is ours, a file of that name is somebody's list.
    if (!existsSync(path) && existsSync(join(folder, labels))) return undefined;
    await writeFileAtomic(join(folder, labels), `${lines.join('\n')}\n`);
  }
  const content = {
    name: int8NameOf(float.name),
    title: `${float.title}, quantised`.slice(0, 200),
    ...inheritedManifestYaml(float, classCount, labels),
    files: { onnx: { file: basename(onnxPath) } },
    ...quantizedYaml(float.name, report),
  };
  const comment = `${MARK} for the model beside it: labels and preprocessing are those of ${float.name}.\n`;
  await writeFileAtomic(path, comment + stringify(content));
  return path;
}

/** Nothing of pictures that it was calibrated on: they flatter. */
function quantizedYaml(
  name: string,
  report: Pick<QuantizeReport, 'isComparedOnCalibration' | 'outputs' | 'speed'> | undefined,
): object {
  if (report === undefined || report.isComparedOnCalibration) return {};
  const { labelledCount, float, quantized } = report.outputs;
  if (labelledCount === 0 || float.top1Percent === null || quantized.top1Percent === null) return {};
  return {
    quantized: {
      of: name,
      pictures: labelledCount,
      top1_float_percent: float.top1Percent,
      top1_int8_percent: quantized.top1Percent,
      speedup: report.speed?.ratio,
    },
  };
}

async function mayWrite(path: string): Promise<boolean> {
  try {
    return (await readFile(path, 'utf8')).startsWith(MARK);
  } catch (error) {
    if (isMissing(error)) return true;
    throw asEffvitError(error, 'IO_FAILED', `Cannot read ${path}`, { file: path });
  }
}
