import type { CalibrationFit } from '../classify/calibration/EvaluationScores.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import { ownManifestPath, writeTemperature } from '../model/writeTemperature.js';
import type { CommandContext } from './CommandContext.js';
import { checkOutputs } from './outputs/checkOutputs.js';

/** Where the temperature is to go, asked before the work begins. @throws EffvitError BAD_ARGUMENT */
export async function calibratedManifestPath(
  manifest: ModelManifest,
  { output, force }: { readonly output?: string; readonly force?: boolean },
): Promise<string> {
  if (output === undefined) return ownManifestPath(manifest);
  const planned = { option: '--output', path: output, kind: 'manifest' } as const;
  await checkOutputs({ inputs: [], outputs: [planned], isForced: force === true });
  return output;
}

/** Writes a temperature that was fitted; one at the end of its range is told, and not written. */
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
