import assert from 'node:assert/strict';
import { cacheFolder } from '../../../../src/core/cacheFolder.js';
import { rosScript } from '../../../helpers/rosScript.js';

describe('scripts/ros/cacheFolder', () => {
  it("follows src/core/cacheFolder's rule", async () => {
    const own = (await rosScript<{ cacheFolder: typeof cacheFolder }>('cacheFolder')).cacheFolder;
    const environments: NodeJS.ProcessEnv[] = [
      {},
      { EFFVIT_CACHE: '/own' },
      { EFFVIT_CACHE: '', XDG_CACHE_HOME: '/xdg' },
      { XDG_CACHE_HOME: 'relative' },
      { EFFVIT_CACHE: 'relative', XDG_CACHE_HOME: '/xdg' },
    ];
    for (const env of environments) assert.equal(own(env), cacheFolder(env), JSON.stringify(env));
  });
});
