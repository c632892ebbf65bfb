import assert from 'node:assert/strict';
import { cpSync, mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { rosScript } from '../../../helpers/rosScript.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

interface Inputs {
  readonly paths?: readonly string[];
  readonly packages?: readonly (readonly [string, string])[];
  readonly values?: readonly unknown[];
}

describe('scripts/ros/inputsHash', () => {
  const scratch = scratchFolder();
  let inputsHash: (inputs: Inputs) => string = () => '';

  beforeEach(async () => {
    ({ inputsHash } = await rosScript<{ inputsHash: (inputs: Inputs) => string }>('inputsHash'));
    mkdirSync(scratch.path('one', 'msg'), { recursive: true });
    writeFileSync(scratch.path('one', 'msg', 'A.msg'), 'int32 a\n');
    writeFileSync(scratch.path('one', 'msg', 'B.msg'), 'int32 b\n');
  });

  const hashOf = (folder: string): string => inputsHash({ paths: [scratch.path(folder, 'msg')] });

  it('is twelve hex digits, the same for a copy elsewhere of another date', () => {
    cpSync(scratch.path('one'), scratch.path('two'), { recursive: true });
    utimesSync(scratch.path('two', 'msg', 'A.msg'), 1, 1);
    assert.match(hashOf('one'), /^[0-9a-f]{12}$/);
    assert.equal(hashOf('two'), hashOf('one'));
  });

  it('changes with a byte, a name, a file more', () => {
    const before = hashOf('one');
    const seen = new Set([before]);
    writeFileSync(scratch.path('one', 'msg', 'A.msg'), 'int64 a\n');
    seen.add(hashOf('one'));
    renameSync(scratch.path('one', 'msg', 'A.msg'), scratch.path('one', 'msg', 'C.msg'));
    seen.add(hashOf('one'));
    writeFileSync(scratch.path('one', 'msg', 'D.msg'), '');
    seen.add(hashOf('one'));
    assert.equal(seen.size, 4);
  });

  it('tells where one file ends and the next begins', () => {
    mkdirSync(scratch.path('two', 'msg'), { recursive: true });
    writeFileSync(scratch.path('two', 'msg', 'A.msg'), 'int32 a\nint32 b\n');
    writeFileSync(scratch.path('two', 'msg', 'B.msg'), '');
    assert.notEqual(hashOf('two'), hashOf('one'));
  });

  it('tells apart packages by their names, and values', () => {
    const folder = scratch.path('one', 'msg');
    const keys = [
      inputsHash({ packages: [['a', folder]] }),
      inputsHash({ packages: [['b', folder]] }),
      inputsHash({ packages: [['a', folder]], values: ['x64'] }),
      inputsHash({ packages: [['a', folder]], values: ['arm64'] }),
    ];
    assert.equal(new Set(keys).size, keys.length);
  });
});
