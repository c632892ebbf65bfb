import { EffvitError } from '../core/EffvitError.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import type { BackendSpec } from '../inference/BackendSpec.js';

/**
 * Checks the requirements of `resize_on: bpu` before the first frame.
 *
 * @throws EffvitError BAD_CONFIG if the chip cannot resize with this model or these options.
 */
export function checkResizeOn(
  name: string,
  backend: BackendSpec,
  { resizeOn, resizeMode, range, sourceRange }: PreprocessOptions,
): void {
  if (resizeOn !== 'bpu') return;
  const problem = backendProblem(name, backend) ?? modeProblem();
  if (problem === undefined) return;
  throw new EffvitError('BAD_CONFIG', `resize_on is bpu but ${problem}.`, { context: { model: name } });

  function modeProblem(): string | undefined {
    if (resizeMode === 'letterbox') {
      return 'resize_mode is letterbox, and the chip adds no borders: take crop or stretch, or resize_on auto';
    }
    if (range === sourceRange) return undefined;
    return `frames have ${sourceRange} range where the model takes ${range}, and the chip converts none: take resize_on auto`;
  }
}

function backendProblem(name: string, backend: BackendSpec): string | undefined {
  if (backend.kind !== 'bpu' && backend.kind !== 'bpu_sim') {
    return `the model ${name} runs on ${backend.kind}: take resize_on auto, or the backend bpu`;
  }
  // A .bin without a manifest is checked when it is loaded.
  if (backend.isResizer === true || (backend.kind === 'bpu' && backend.isResizer === undefined))
    return undefined;
  return `the .bin of ${name} takes pictures that are resized already: compile it with --input-source resizer, or take resize_on auto`;
}
