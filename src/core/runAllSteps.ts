/**
 * Runs every step of a clean-up in order, whatever the earlier ones threw.
 *
 * @throws the first error, after the last step
 */
export async function runAllSteps(steps: readonly (() => unknown)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) await (async () => step())().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}

/** As {@link runAllSteps}, for synchronous steps. */
export function runAllStepsNow(steps: readonly (() => void)[]): void {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
