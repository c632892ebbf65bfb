/**
 * The folder that /sys and /proc of the board lie in: `/`, or `$EFFVIT_SYS_ROOT` in a container that has them elsewhere.
 */
export function systemRoot(env: NodeJS.ProcessEnv = process.env, otherwise = '/'): string {
  return env['EFFVIT_SYS_ROOT'] || otherwise;
}
