import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { packagePath } from '../../../src/core/packageRoot.js';

interface Job {
  readonly strategy: {
    readonly matrix: { readonly ros: string[]; readonly processor?: { readonly name: string }[] };
  };
  readonly steps: readonly { readonly run?: string }[];
}

describe('the public CI', () => {
  const read = (...path: string[]): string => readFileSync(packagePath(...path), 'utf8');
  const { jobs } = parse(read('.github', 'workflows', 'ci.yml')) as { jobs: Record<string, Job> };

  it('runs .ci/run and the colcon build on each distribution and processor', () => {
    for (const name of ['test', 'colcon']) {
      const matrix = jobs[name]?.strategy.matrix;
      assert.deepEqual(matrix?.ros, ['humble', 'jazzy', 'kilted']);
      assert.deepEqual(
        matrix.processor?.map((processor) => processor.name),
        ['amd64', 'arm64'],
      );
    }
    assert.match(jobs['test']?.steps.map(({ run = '' }) => run).join('\n') ?? '', /^\.ci\/run$/m);
  });

  it('copies only what is in the repository into the container', () => {
    const dockerfile = read('Dockerfile');
    const sources = [...dockerfile.matchAll(/^COPY (?!--from)(\S+)/gm)].map(([, source = '']) => source);
    assert.ok(sources.length > 0);
    for (const source of sources) assert.ok(existsSync(packagePath(source)), source);
    assert.match(dockerfile, /^USER effvit$/m);
  });
});
