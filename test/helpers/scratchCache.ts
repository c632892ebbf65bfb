import { scratchFolder } from './scratchFolder.js';

/** A {@link scratchFolder} whose `cache` is the cache folder (EFFVIT_CACHE) during each test of the suite. */
export function scratchCache(): ReturnType<typeof scratchFolder> {
  const scratch = scratchFolder();
  let before: string | undefined;
  beforeEach(() => {
    before = process.env['EFFVIT_CACHE'];
    process.env['EFFVIT_CACHE'] = scratch.path('cache');
  });
  afterEach(() => {
    if (before === undefined) delete process.env['EFFVIT_CACHE'];
    else process.env['EFFVIT_CACHE'] = before;
  });
  return scratch;
}
