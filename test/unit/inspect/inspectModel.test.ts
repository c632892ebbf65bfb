import assert from 'node:assert/strict';
import { formatModel } from '../../../src/inspect/formatModelInfo.js';
import { inspectModel } from '../../../src/inspect/inspectModel.js';
import { resolveModel } from '../../../src/model/resolveModel.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

describe('inspectModel', () => {
  const folder = scratchFolder();
  const inspect = async (name: string): Promise<ReturnType<typeof inspectModel>> => {
    const env = { ...process.env, EFFVIT_CACHE: folder.path('cache') };
    return inspectModel(await resolveModel(name, env), env);
  };

  it('tells the models of a packed .bin, and the times of a task of each by whoever states them', async () => {
    const text = formatModel(await inspect('efficientvit_m5_signs'));
    assert.match(text, /^model +efficientvit_m5_signs\n/);
    assert.match(
      text,
      /^times on rdk-x5 +2\.810 ms for 1 frame, 4\.99[78] ms for 4 frames \(the compiler's estimate\)$/m,
    );
    assert.match(
      text,
      /^\.bin file for rdk-x5:\nfile .*\.bin\n(?:.*\n)*models +\S+ \(batch 1\), \S+_batch4 \(batch 4\)$/m,
    );
    assert.match(text, /^weights file:\nfile .*\.safetensors$/m);
  });

  it('tells what gets a file that is not here', async () => {
    const model = await inspect('efficientvit_m5');
    assert.ok(model.files.every((file) => 'remedy' in file));
    const text = formatModel(model);
    assert.match(
      text,
      /^\.bin file for rdk-x5: not on this machine, get it with `effvit model pull .*--for rdk-x5`$/m,
    );
    assert.match(text, /^times on rdk-x5 +5\.720 ms for 1 frame \(published\)$/m);
  });
});
