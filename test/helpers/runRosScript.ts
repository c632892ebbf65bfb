import { runScript, type ScriptOptions, type ScriptRun } from './runScript.js';

/** Runs scripts/ros/NAME.mjs; `onOutput` sees standard output as it comes, and the process to send a signal to. */
export function runRosScript(
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  onOutput?: ScriptOptions['onOutput'],
): Promise<ScriptRun> {
  return runScript(`scripts/ros/${name}.mjs`, args, { env, onOutput });
}
