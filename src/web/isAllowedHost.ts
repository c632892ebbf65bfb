import { isIP } from 'node:net';

/**
 * Whether a request's Host header names this machine. A page of a stranger can give its own name this machine's
 * address (DNS rebinding) and read what is served here; a name that is not ours gives it away, and an address cannot
 * be rebound.
 *
 * @param names that this machine is known by, e.g. os.hostname(); with `.local` behind it, too.
 */
export function isAllowedHost(header: string | undefined, names: readonly string[]): boolean {
  if (header === undefined) return false;
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:/[\]]+))(?::\d+)?$/i.exec(header);
  const host = (match?.[1] ?? match?.[2] ?? '').toLowerCase().replace(/\.$/, '');
  if (host === '') return false;
  if (isIP(host) !== 0 || host === 'localhost' || host.endsWith('.localhost')) return true;
  return names.some((name) => {
    const own = name.toLowerCase();
    return own !== '' && (host === own || host === `${own}.local`);
  });
}
