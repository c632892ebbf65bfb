import { EffvitError } from '../core/EffvitError.js';
import { saturationNotice } from '../fit/saturatingNodes.js';
import { int8NameOf } from '../model/defaultManifest.js';
import type { ModelManifest, QuantizedFigures } from '../model/ModelManifest.js';
import { requireModelFile } from '../model/modelFiles.js';
import { resolveModel } from '../model/resolveModel.js';

/** Largest loss of top-1, in points, at which an int8 model is chosen by default. */
const MOST_LOSS_POINTS = 0.3;
/** 0.3 points of 1000 pictures are three pictures; fewer pictures are not conclusive. */
const LEAST_PICTURES = 1000;

interface Int8Surroundings {
  readonly env?: NodeJS.ProcessEnv;
  /** Whether int8 sums of the model saturate on this CPU. */
  readonly isSaturating?: (onnxPath: string) => Promise<boolean>;
}

/**
 * The choice of `model: auto` on a CPU: the int8 model made from the float one (`NAME_int8` among the known models) if
 * its stored figures are good enough, else the float model. Reports the choice and its reason if both exist.
 *
 * @throws EffvitError BAD_MANIFEST: the int8 model's manifest is wrong
 */
export async function int8Choice(
  float: ModelManifest,
  notice: ((text: string) => void) | undefined,
  {
    env = process.env,
    isSaturating = async (path) => (await saturationNotice(path)) !== undefined,
  }: Int8Surroundings = {},
): Promise<ModelManifest> {
  const int8 = await resolveModel(int8NameOf(float.name), env).catch((error: unknown) => {
    if (error instanceof EffvitError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  });
  if (int8 === undefined) return float;
  const { quantized } = int8;
  const objection = objectionTo(quantized, float) ?? (await fileObjection(int8, { env, isSaturating }));
  if (quantized === undefined || objection !== undefined) {
    notice?.(`${float.name} runs in float: ${int8.name} ${objection}.`);
    return float;
  }
  const { pictures, top1FloatPercent, top1Int8Percent, speedup } = quantized;
  const faster = speedup === undefined ? '' : `, ${speedup.toFixed(2)} times as fast where it was made`;
  notice?.(
    `${int8.name} runs in the place of ${float.name}: ${top1Int8Percent.toFixed(2)} % top-1 against ${top1FloatPercent.toFixed(2)} % of ${pictures} pictures${faster}. Name the model to have the other.`,
  );
  return int8;
}

/** Why the figures are not good enough; undefined if they are. */
function objectionTo(quantized: QuantizedFigures | undefined, float: ModelManifest): string | undefined {
  const remedy = 'quantise it with `effvit quantize --eval LIST`, on pictures that it was not calibrated on';
  if (quantized === undefined) return `has no stored accuracy: ${remedy}`;
  const { of, pictures, top1FloatPercent, top1Int8Percent, speedup } = quantized;
  if (of !== float.name) return `was made of ${of}`;
  if (pictures < LEAST_PICTURES)
    return `was judged on ${pictures} pictures where ${LEAST_PICTURES} are wanted: ${remedy}`;
  const lossPoints = top1FloatPercent - top1Int8Percent;
  if (lossPoints > MOST_LOSS_POINTS)
    return `loses ${lossPoints.toFixed(2)} points of top-1, more than ${MOST_LOSS_POINTS}`;
  if (speedup !== undefined && speedup <= 1) return 'was no faster where it was made';
  return undefined;
}

async function fileObjection(
  int8: ModelManifest,
  { env, isSaturating }: Required<Int8Surroundings>,
): Promise<string | undefined> {
  const path = await requireModelFile(int8, 'onnx', undefined, env).catch(() => undefined);
  if (path === undefined) return 'lacks its .onnx file';
  return (await isSaturating(path))
    ? 'has weights of full range, whose sums this CPU without VNNI gets wrong'
    : undefined;
}
