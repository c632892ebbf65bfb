import type { FleetBag } from '../../fleet/FleetBag.js';
import { sidecarPath } from '../../fleet/sidecarPath.js';

/**
 * The files that a command on many bags reads, for {@link checkOutputs}: the lists that were given, the bags, and what
 * lies beside them.
 *
 * @param given the arguments: bags, folders, patterns, `@list`.
 */
export async function fleetInputs(given: readonly string[], bags: readonly FleetBag[]): Promise<string[]> {
  const inputs = given.filter((text) => text.startsWith('@')).map((text) => text.slice(1));
  for (const { path } of bags) {
    inputs.push(path);
    for (const name of ['truth.json', 'expected.json'] as const) {
      const beside = await sidecarPath(path, name);
      if (beside !== undefined) inputs.push(beside);
    }
  }
  return inputs;
}
