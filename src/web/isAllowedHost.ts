import { isIP } from 'node:net';

/**
 * Whether a request's Host header names this machine. With DNS rebinding, a foreign page lets its own name resolve to
 * this machine's address and reads the answers. A foreign name in the header reveals this; an address cannot be
 * rebound.
 *
 * @param names of this machine, e.g. os.hostname(); also accepted with `.local` appended.
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
