import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { checkFleetFolder } from '../../../src/cli/fleetCommand.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

describe('checkFleetFolder', () => {
  const scratch = scratchFolder();

  it('takes a new folder, an empty one, and one of its own', async () => {
    await checkFleetFolder(scratch.path('new'), [], false);
    mkdirSync(scratch.path('empty'));
    await checkFleetFolder(scratch.path('empty'), [], false);
    writeFileSync(scratch.path('empty', 'effvit-fleet.json'), '{}');
    writeFileSync(scratch.path('empty', 'notes.txt'), '');
    await checkFleetFolder(scratch.path('empty'), [], false);
  });

  it('takes one whose first run was killed before it left its mark', async () => {
    mkdirSync(scratch.path('out', 'runs'), { recursive: true });
    writeFileSync(scratch.path('out', '.effvit-fleet.json.12.abcd.part'), '{');
    await checkFleetFolder(scratch.path('out'), [], false);
  });

  it("refuses other people's folders, but for --force", async () => {
    writeFileSync(scratch.path('notes.txt'), 'mine');
    await assert.rejects(
      checkFleetFolder(scratch.path(), [], false),
      /has files that effvit did not write.*--force/,
    );
    await checkFleetFolder(scratch.path(), [], true);
  });

  it('refuses a bag that is read, through a link too and forced', async () => {
    mkdirSync(scratch.path('drive'));
    symlinkSync(scratch.path('drive'), scratch.path('link'));
    for (const path of ['drive', 'link']) {
      await assert.rejects(
        checkFleetFolder(scratch.path(path), [scratch.path('drive')], true),
        /is a bag, which this command reads/,
      );
    }
  });

  it('refuses a folder with the bags in it, which would not be found again', async () => {
    mkdirSync(scratch.path('drives', 'day'), { recursive: true });
    const bag = scratch.path('drives', 'day', 'a.mcap');
    writeFileSync(bag, '');
    await assert.rejects(checkFleetFolder(scratch.path('drives'), [bag], true), /holds the bag .*a\.mcap/);
    await checkFleetFolder(scratch.path('drives', 'results'), [bag], false);
  });

  it('refuses a file, and a folder whose parent is not there', async () => {
    writeFileSync(scratch.path('file'), '');
    await assert.rejects(checkFleetFolder(scratch.path('file'), [], true), /is no folder/);
    await assert.rejects(checkFleetFolder(scratch.path('file', 'x'), [], true), /not a folder/);
    await assert.rejects(
      checkFleetFolder(scratch.path('a', 'b'), [], true),
      /in a folder that does not exist/,
    );
  });
});
