import assert from 'node:assert/strict';
import { linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { McapBagWriter } from '../../../../src/bag/writing/McapBagWriter.js';
import { fleetInputs } from '../../../../src/cli/fleetCommand.js';
import {
  checkOutputs,
  type OutputKind,
  type PlannedOutput,
} from '../../../../src/cli/outputs/checkOutputs.js';
import { pictureInputs } from '../../../../src/cli/outputs/pictureInputs.js';
import { EffvitError } from '../../../../src/core/EffvitError.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

describe('checkOutputs', () => {
  const scratch = scratchFolder();
  const output = (path: string, kind: OutputKind = 'html'): PlannedOutput => ({
    option: '--report',
    path,
    kind,
  });

  async function refused(
    outputs: readonly PlannedOutput[],
    inputs: readonly string[],
    message: RegExp,
    isForced = false,
  ): Promise<void> {
    await assert.rejects(
      checkOutputs({ inputs: async () => inputs, outputs, isForced }),
      (error: unknown) => {
        assert.ok(error instanceof EffvitError && error.code === 'BAD_ARGUMENT');
        assert.match(error.message, message);
        return true;
      },
    );
  }

  for (const [how, link] of [
    ['by its name', (path: string): string => path],
    ['through a symbolic link', (path: string): string => made(symlinkSync, path)],
    ['through a hard link', (path: string): string => made(linkSync, path)],
  ] as const) {
    it(`refuses what is read, ${how}, forced or not`, async () => {
      const input = scratch.path('drive.mcap');
      writeFileSync(input, 'a recording');
      const path = link(input);
      await refused([output(path)], [input], /is .*drive\.mcap, which this command reads/);
      await refused([output(path)], [input], /which this command reads/, true);
    });
  }

  function made(makeLink: (target: string, path: string) => void, target: string): string {
    const path = scratch.path('link.html');
    makeLink(target, path);
    return path;
  }

  it('refuses a file of a folder that is read', async () => {
    mkdirSync(scratch.path('drive'));
    const inner = scratch.path('drive', 'drive_0.mcap');
    writeFileSync(inner, 'a recording');
    await refused(
      [output(inner, 'bag')],
      [scratch.path('drive')],
      /drive_0\.mcap, which this command reads/,
      true,
    );
  });

  it("refuses others' files but for --force, and takes its own", async () => {
    const path = scratch.path('page.html');
    writeFileSync(path, '<!doctype html><title>a page about effvit</title>');
    await refused([output(path)], [], /was not written by effvit: .* --force/);
    await checkOutputs({ inputs: async () => [], outputs: [output(path)], isForced: true });
    writeFileSync(path, '<!doctype html>\n<head>\n<meta name="generator" content="effvit">');
    await checkOutputs({ inputs: async () => [], outputs: [output(path)] });
    await refused([output(path, 'svg')], [], /--force/);
  });

  it('takes names of files that are not there, and empty ones', async () => {
    await checkOutputs({
      inputs: async () => [scratch.path('absent')],
      outputs: [output(scratch.path('new.html'))],
    });
    writeFileSync(scratch.path('touched.html'), '');
    await checkOutputs({ inputs: async () => [], outputs: [output(scratch.path('touched.html'))] });
  });

  it('lets one folder be made, no more', async () => {
    await checkOutputs({ inputs: async () => [], outputs: [output(scratch.path('out', 'x.html'))] });
    await refused(
      [output(scratch.path('a', 'b', 'x.html'))],
      [],
      /folder that does not exist: make .*a\/b first/,
    );
    writeFileSync(scratch.path('file'), '');
    await refused([output(scratch.path('file', 'x.html'))], [], /not a folder/);
  });

  it('refuses folders, devices and one name for two outputs', async () => {
    await refused([output(scratch.path())], [], /is a folder/);
    await refused([output('/dev/null')], [], /no regular file/, true);
    const path = scratch.path('x.html');
    await refused([output(path), { ...output(path), option: '--output' }], [], /also named by --report/);
    assert.throws(() => readFileSync(path), /ENOENT/);
  });

  it('refuses one file for two outputs through a linked folder, and a link to nothing', async () => {
    mkdirSync(scratch.path('real'));
    symlinkSync(scratch.path('real'), scratch.path('linked'));
    for (const inside of [['x.html'], ['new', 'x.html']]) {
      const paths = ['real', 'linked'].map((folder) => scratch.path(folder, ...inside));
      const [first = '', second = ''] = paths;
      await refused([output(first), { ...output(second), option: '--output' }], [], /also named by --report/);
    }
    symlinkSync(scratch.path('nowhere.html'), scratch.path('dangling.html'));
    await refused(
      [output(scratch.path('dangling.html'))],
      [],
      /is a link to a file that does not exist/,
      true,
    );
  });

  it('does not take recordings, or profiles of the vendor, for its own outputs', async () => {
    const recording = scratch.path('drive.mcap');
    const writer = await McapBagWriter.create(recording);
    await writer.close();
    await refused([output(recording, 'bag')], [], /was not written by effvit/);
    const profile = scratch.path('profiler.log');
    const vendors = { perf_result: {}, running_condition: { core_id: 0 }, model_latency: {} };
    writeFileSync(profile, JSON.stringify(vendors));
    await refused([output(profile, 'profile')], [], /was not written by effvit/);
  });

  it('knows the lists, bags and pictures that commands read', async () => {
    const [list, bag, truth, picture] = ['bags.txt', 'drive.mcap', 'drive.truth.json', 'yield.png'].map(
      (name) => scratch.path(name),
    ) as [string, string, string, string];
    for (const path of [bag, truth, picture]) writeFileSync(path, 'mine');
    writeFileSync(list, 'yield.png 4\n');
    assert.deepEqual(await fleetInputs([`@${list}`], [{ path: bag, name: bag }]), [list, bag, truth]);
    assert.deepEqual(await pictureInputs([list, undefined]), [list, picture]);
    assert.deepEqual(await pictureInputs(['/dev/null']), ['/dev/null']);
  });
});
