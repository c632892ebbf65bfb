/**
 * The folder with the board's /sys and /proc: `/`, or `$EFFVIT_SYS_ROOT` in a container that mounts them elsewhere.
 */
export function systemRoot(env: NodeJS.ProcessEnv = process.env, otherwise = '/'): string {
  return env['EFFVIT_SYS_ROOT'] || otherwise;
}
