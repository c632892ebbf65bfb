import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { packagePath } from '../../../src/core/packageRoot.js';

describe('the oldest Node.js', () => {
  const read = (...path: string[]): string => readFileSync(packagePath(...path), 'utf8');
  const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
  const oldest = engines.node.replace('>=', '');

  it('is the one that rclnodejs asks for', () => {
    const rclnodejs = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { engines?: { node?: string } }>;
    };
    assert.equal(rclnodejs.packages['node_modules/rclnodejs']?.engines?.node, `>= ${oldest}`);
  });

  for (const path of [
    'README.md',
    'CONTRIBUTING.md',
    'CMakeLists.txt',
    'docs/integrator/rdk_x5.md',
    'bin/classifier_node',
  ]) {
    it(`is named by ${path}, and no other`, () => {
      const named = [...read(path).matchAll(/Node\.js (\d+\.\d+(?:\.\d+)?) or later/g)].map(
        ([, version]) => version,
      );
      assert.ok(named.length > 0);
      assert.deepEqual(new Set(named), new Set([oldest]));
    });
  }

  it('is what package.xml asks for', () => {
    assert.match(read('package.xml'), new RegExp(`version_gte="${oldest.replaceAll('.', '\\.')}">nodejs<`));
  });
});
