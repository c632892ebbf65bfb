import { EffvitError } from '../core/EffvitError.js';
import type { BpuBackendSpec } from '../inference/BackendSpec.js';
import { detectChip } from '../inference/bpu/detectChip.js';
import { modelLease } from '../inference/bpu/ModelLease.js';
import { BPU_CHIPS, type BpuChip, MARCH_OF_CHIP } from '../model/BpuChip.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import { modelFiles, requireModelFile } from '../model/modelFiles.js';
import { type BpuTarget, readBpuTarget } from '../model/readBpuFile.js';
import type { ClassifierOptions } from './classifierOptions.js';

/** The pool times out first and counts the frame as timed out; the worker's own wait ends later. */
const AFTER_THE_POOL_MS = 1000;

export type BpuOptions = Pick<ClassifierOptions, 'bpuCore' | 'bpuPriority' | 'inferenceTimeoutMs'>;

/**
 * The chip whose model file runs on this machine: the machine's own, else the only one with a file.
 *
 * @returns undefined if no file is present.
 */
export async function usableChip(
  manifest: ModelManifest,
  machine: BpuChip | undefined = detectChip(),
): Promise<BpuChip | undefined> {
  const files = (await modelFiles(manifest)).filter(({ kind, isPresent }) => kind === 'bpu' && isPresent);
  if (machine !== undefined) return files.some(({ chip }) => chip === machine) ? machine : undefined;
  // A bare .bin is listed under every chip; the file itself names its chip.
  return files[0]?.chip;
}

/**
 * The bpu backend's description of a model.
 *
 * @throws EffvitError NOT_FOUND if its .bin is missing, BAD_MODEL if that is for another chip.
 */
export async function bpuBackendSpec(
  manifest: ModelManifest,
  options: BpuOptions,
  machine: BpuChip | undefined = detectChip(),
): Promise<BpuBackendSpec> {
  const listed = BPU_CHIPS.find((chip) => manifest.files.bpu[chip] !== undefined);
  const chip = machine ?? (await usableChip(manifest, machine)) ?? listed ?? 'rdk-x5';
  const modelPath = await requireModelFile(manifest, 'bpu', chip);
  const target = await readBpuTarget(modelPath);
  if (machine !== undefined) checkMarch(modelPath, target, machine);
  const { input, output } = manifest;
  const { inputSource, models } = manifest.files.bpu[chip] ?? {};
  return {
    kind: 'bpu',
    modelPath,
    ...(models !== undefined && { models }),
    widthPx: input.widthPx,
    heightPx: input.heightPx,
    ...(output.name !== undefined && { outputName: output.name }),
    ...(output.classCount !== undefined && { classCount: output.classCount }),
    core: options.bpuCore === 'any' ? 'any' : Number(options.bpuCore),
    priority: options.bpuPriority,
    timeoutMs: options.inferenceTimeoutMs + AFTER_THE_POOL_MS,
    ...(inputSource !== undefined && { isResizer: inputSource === 'resizer' }),
    lease: modelLease(modelPath),
    ...(target.march !== undefined && { march: target.march }),
  };
}

/** @throws EffvitError BAD_MODEL if a .bin is for another chip than the machine's. */
export function checkMarch(modelPath: string, { march, chip }: BpuTarget, machine: BpuChip): void {
  if (march === undefined || march === MARCH_OF_CHIP[machine]) return;
  throw new EffvitError(
    'BAD_MODEL',
    `${modelPath} is compiled for ${march}${chip === undefined ? '' : ` (${chip})`} but this board is an ${machine} (${MARCH_OF_CHIP[machine]}): take the file for this chip, or compile it with march ${MARCH_OF_CHIP[machine]}.`,
    { context: { file: modelPath } },
  );
}
