/**
 * rcl_interfaces/srv/ListParameters: the names under the prefixes (all names if there are none), at most `depth` levels
 * below them (0: all levels), with the parents of those names.
 */
export function listParameters(
  names: readonly string[],
  prefixes: readonly string[],
  depth: number,
): { names: string[]; prefixes: string[] } {
  const levels = (name: string): number => name.split('.').length;
  const isWanted = (name: string): boolean => {
    if (prefixes.length === 0) return depth === 0 || levels(name) <= depth;
    return prefixes.some((prefix) => {
      if (name === prefix) return true;
      if (!name.startsWith(`${prefix}.`)) return false;
      return depth === 0 || levels(name) - levels(prefix) <= depth;
    });
  };
  const found = names.filter(isWanted).sort();
  const parents = found
    .filter((name) => name.includes('.'))
    .map((name) => name.slice(0, name.lastIndexOf('.')));
  return { names: found, prefixes: [...new Set(parents)] };
}
