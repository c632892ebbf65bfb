import type { CalibrationFit } from '../classify/calibration/EvaluationScores.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import { ownManifestPath, writeTemperature } from '../model/writeTemperature.js';
import type { CommandContext } from './CommandContext.js';
import { checkOutputs } from './outputs/checkOutputs.js';
import { manifestInputs } from './outputs/modelInputs.js';

/**
 * Path of the manifest that will get the temperature; called before the work starts.
 *
 * @param pictures the lists and pictures that the command reads.
 * @throws EffvitError BAD_ARGUMENT
 */
export async function calibratedManifestPath(
  manifest: ModelManifest,
  { output, force }: { readonly output?: string; readonly force?: boolean },
  pictures: readonly string[],
): Promise<string> {
  if (output === undefined) return ownManifestPath(manifest);
  await checkOutputs({
    inputs: [...pictures, ...(await manifestInputs(manifest))],
    outputs: [{ option: '--output', path: output, kind: 'manifest' }],
    isForced: force,
  });
  return output;
}

/** Writes a fitted temperature; one at a bound of its range is only reported. */
export async function storeTemperature(
  { temperature, isAtBound }: Pick<CalibrationFit, 'temperature' | 'isAtBound'>,
  path: string,
  manifest: ModelManifest,
  { terminal }: CommandContext,
): Promise<void> {
  if (isAtBound) {
    terminal.warn(
      `The likelihood of these pictures has no maximum at any temperature, as where all of them are right, so none was written to ${path}: calibrate with more pictures, and with such that were not trained on.`,
    );
    return;
  }
  await writeTemperature(manifest, temperature, path);
  terminal.note(`The temperature was written to ${path}.`);
}
