import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { packagePath } from '../../../src/core/packageRoot.js';

/** Names on the page that are not in the sources. */
function unknownNames(page: string, sources: string): string[] {
  const names = [...page.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '').slice(2);
  return names.filter((name) => {
    if (name.includes('/')) return !existsSync(packagePath(name));
    return name.split('.').some((part) => !new RegExp(`\\b${part}\\b`).test(sources));
  });
}

describe('docs/maintainer/where_a_frame_goes.md', () => {
  const page = readFileSync(packagePath('docs', 'maintainer', 'where_a_frame_goes.md'), 'utf8');
  const folder = packagePath('src', 'pool');
  const files = readdirSync(folder);
  const sources = files.map((file) => `${file}\n${readFileSync(`${folder}/${file}`, 'utf8')}`).join('\n');

  it('uses the names of the code, and there are enough of them', () => {
    assert.deepEqual(unknownNames(page, sources), []);
    assert.ok([...page.matchAll(/`/g)].length > 100);
  });

  it('finds a name that there is not', () => {
    assert.deepEqual(unknownNames('`code` `src` `FrameJob` `FrameJub.frame` `src/nowhere.ts`', sources), [
      'FrameJub.frame',
      'src/nowhere.ts',
    ]);
  });

  it('names every class of the pool', () => {
    const classes = [...sources.matchAll(/export class (\w+)/g)].map((match) => match[1] ?? '');
    const internal = ['SourceQueues'];
    const missing = classes.filter((name) => !internal.includes(name) && !page.includes(`\`${name}`));
    assert.deepEqual(missing, []);
  });
});
