import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { packagePath } from '../../../src/core/packageRoot.js';
import { parseShard } from '../../../src/fleet/Shard.js';
import { parsedCommand } from '../../helpers/commandTree.js';

interface IndexedJob {
  readonly kind: string;
  readonly spec: {
    readonly completionMode: string;
    readonly completions: number;
    readonly template: {
      readonly spec: {
        readonly restartPolicy: string;
        readonly containers: readonly {
          readonly args: readonly [string, string, string];
          readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
        }[];
        readonly volumes: readonly { readonly name: string }[];
      };
    };
  };
}

/** It is not run here: this holds it against the command line and against itself. */
describe('examples/fleet/indexed_job.yaml', () => {
  const text = readFileSync(packagePath('examples', 'fleet', 'indexed_job.yaml'), 'utf8');
  const job = parse(text) as IndexedJob;
  const [container] = job.spec.template.spec.containers;
  const script = container?.args[2] ?? '';

  it('says that it was not run', () => {
    assert.match(text, /NOT RUN/);
  });

  it('has one shard a pod, and no shard that no pod does', () => {
    assert.equal(job.kind, 'Job');
    assert.equal(job.spec.completionMode, 'Indexed');
    assert.equal(job.spec.template.spec.restartPolicy, 'Never');
    const indices = Array.from({ length: job.spec.completions }, (_, index) => {
      const shard =
        /--shard "([^"]*)"/.exec(script)?.[1]?.replace('$JOB_COMPLETION_INDEX', String(index)) ?? '';
      const { index: own, count } = parseShard(shard);
      assert.equal(count, job.spec.completions);
      return own;
    });
    assert.deepEqual(indices, [...indices.keys()]);
  });

  it('calls effvit with options that it has, on volumes that are mounted', () => {
    const words = script.replace('$JOB_COMPLETION_INDEX', '0').replaceAll('"', '').split(/\s+/);
    const at = words.lastIndexOf('effvit');
    assert.equal(parsedCommand(words.slice(at + 1))?.name(), 'replay');
    const volumes = job.spec.template.spec.volumes.map(({ name }) => name);
    for (const { name, mountPath } of container?.volumeMounts ?? []) {
      assert.ok(volumes.includes(name), name);
      assert.ok(script.includes(mountPath), mountPath);
    }
  });
});
