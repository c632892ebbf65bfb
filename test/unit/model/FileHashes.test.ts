import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { utimesSync, writeFileSync } from 'node:fs';
import { FileHashes } from '../../../src/model/FileHashes.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('FileHashes', () => {
  const scratch = scratchFolder();
  const open = () => FileHashes.open({ EFFVIT_CACHE: scratch.path('cache') });

  it('hashes a file once, and again when its size or its time has changed', async () => {
    const path = scratch.path('model.bin');
    writeFileSync(path, 'one');
    const first = await open();
    assert.equal(await first.sha256(path), sha256('one'));
    await first.save();
    // A time in whole seconds can be set again exactly: another content under it is taken for the old one, unread.
    utimesSync(path, 1000, 1000);
    const known = await open();
    assert.equal(await known.sha256(path), sha256('one'));
    writeFileSync(path, 'two');
    utimesSync(path, 1000, 1000);
    assert.equal(await known.sha256(path), sha256('one'));
    writeFileSync(path, 'three');
    assert.equal(await known.sha256(path), sha256('three'));
    await known.save();
    assert.equal(await (await open()).sha256(path), sha256('three'));
  });

  it('forgets a damaged record, and does without a cache that cannot be written', async () => {
    const path = scratch.path('model.bin');
    writeFileSync(path, 'one');
    const hashes = await open();
    await hashes.sha256(path);
    await hashes.save();
    writeFileSync(scratch.path('cache', 'hashes.json'), `[{"path":${JSON.stringify(path)},"sha256":"0"}, 5]`);
    assert.equal(await (await open()).sha256(path), sha256('one'));
    const nowhere = await FileHashes.open({ EFFVIT_CACHE: '/dev/null/cache' });
    assert.equal(await nowhere.sha256(path), sha256('one'));
    await nowhere.save();
  });
});
