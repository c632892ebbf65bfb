import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * The user's cache folder, by the rule of src/core/cacheFolder.ts: `$EFFVIT_CACHE`, else `$XDG_CACHE_HOME/effvit`,
 * else `~/.cache/effvit`. Written twice because these scripts run before anything is compiled; a test compares the two.
 */
export function cacheFolder(env = process.env) {
  const own = env.EFFVIT_CACHE;
  if (own !== undefined && own !== '') return own;
  const xdg = env.XDG_CACHE_HOME;
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'effvit');
  return join(homedir(), '.cache', 'effvit');
}
