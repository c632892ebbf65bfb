import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Whether a text contains a special character of a pattern. */
export function isGlob(text: string): boolean {
  return /[*?[{]/.test(text);
}

/**
 * The paths that match a shell pattern, sorted: `*`, `?`, `[abc]`, `[!abc]`, `{a,b}`, and `**` for any folders, without
 * following links to folders. Hidden files match only if the pattern's part also starts with a dot.
 */
export async function globPaths(pattern: string): Promise<string[]> {
  const parts = pattern.split('/');
  const found = new Set<string>();
  const visit = async (folder: string, at: number): Promise<void> => {
    const part = parts[at];
    if (part === undefined) {
      if (folder !== '') found.add(folder);
      return;
    }
    const inside = (name: string): string => (folder === '' ? name : join(folder, name));
    if (part === '' || !isGlob(part)) {
      // An absolute pattern starts with an empty part; later empty parts are double slashes.
      const next = part === '' ? (at === 0 ? '/' : folder) : inside(part);
      const isThere = await stat(next).then(
        () => true,
        () => false,
      );
      if (isThere) await visit(next, at + 1);
      return;
    }
    if (part === '**') await visit(folder, at + 1);
    const entries = await readdir(folder === '' ? '.' : folder, { withFileTypes: true }).catch(() => []);
    const wanted = part === '**' ? undefined : expression(part);
    for (const entry of entries) {
      const isHidden = entry.name.startsWith('.') && !part.startsWith('.');
      if (isHidden) continue;
      if (wanted === undefined) {
        if (entry.isDirectory()) await visit(inside(entry.name), at);
      } else if (wanted.test(entry.name)) await visit(inside(entry.name), at + 1);
    }
  };
  await visit('', 0);
  return [...found].sort();
}

/** One part of a pattern. */
function expression(part: string): RegExp {
  let depth = 0;
  const source = part.replace(/\[!?[^\]]+\]|[\s\S]/g, (sign) => {
    if (sign.length > 1) return sign.replace('[!', '[^').replaceAll('\\', '\\\\');
    if (sign === '*') return '.*';
    if (sign === '?') return '.';
    if (sign === '{') {
      depth += 1;
      return '(?:';
    }
    if (sign === '}' && depth > 0) {
      depth -= 1;
      return ')';
    }
    if (sign === ',' && depth > 0) return '|';
    return sign.replace(/[\\^$.|+()[\]{}]/, '\\$&');
  });
  // An unclosed brace is literal.
  return depth === 0 ? new RegExp(`^${source}$`, 's') : expression(part.replaceAll('{', '[{]'));
}
