import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { packagePath } from '../../../src/core/packageRoot.js';

describe('the version', () => {
  const read = (name: string): string => readFileSync(packagePath(name), 'utf8');
  const { version } = JSON.parse(read('package.json')) as { version: string };

  it('is the same in package.json, package.xml and CHANGELOG.md', () => {
    assert.equal(/<version>(.+)<\/version>/.exec(read('package.xml'))?.[1], version);
    assert.equal(/^## (\S+)/m.exec(read('CHANGELOG.md'))?.[1], version);
  });
});
