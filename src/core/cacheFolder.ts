import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * The user's cache folder for effvit: `$EFFVIT_CACHE`, else `$XDG_CACHE_HOME/effvit`, else
 * `~/.cache/effvit` (XDG Base Directory Specification 0.8: relative values are ignored). Not created here.
 */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['EFFVIT_CACHE'];
  if (own !== undefined && own !== '') return own;
  const xdg = env['XDG_CACHE_HOME'];
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'effvit');
  return join(homedir(), '.cache', 'effvit');
}
