import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { PARAMETER_NAMES } from '../../../src/ros/parameters/parameterTable.js';
import { NodeUnderTest } from '../../helpers/NodeUnderTest.js';
import { type RosPeer, type SetResult, waitFor } from '../../helpers/RosPeer.js';

const { NAME } = NodeUnderTest;
const DONE: SetResult = { successful: true, reason: '' };
/** rcl_interfaces/msg/ParameterType */
const TYPE = { notSet: 0, bool: 1, integer: 2, double: 3, string: 4, stringArray: 9 };

interface Value {
  readonly type: number;
  readonly double_value: number;
  readonly integer_value: number;
  readonly bool_value: boolean;
  readonly string_value: string;
}

interface Descriptor {
  readonly name: string;
  readonly type: number;
  readonly description: string;
  readonly additional_constraints: string;
  readonly read_only: boolean;
  readonly integer_range: { from_value: number; to_value: number; step: number }[];
  readonly floating_point_range: { from_value: number; to_value: number; step: number }[];
}

async function get(user: RosPeer, ...names: string[]): Promise<Value[]> {
  const { values } = await user.callParameters<{ values: Value[] }>(NAME, 'GetParameters', { names });
  return values;
}

describe('ROS node: parameters', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  it('takes an integer for a double at the start, and other nodes\u2019 parameters of any type', async () => {
    const user = await rig.start('-p', 'max_fps:=30', '-p', 'of_others:=[1, 2]', '-p', 'threads:=3');
    const [maxFps, threads] = await get(user, 'max_fps', 'threads');
    assert.deepEqual([maxFps?.type, maxFps?.double_value], [TYPE.double, 30]);
    assert.deepEqual([threads?.type, threads?.integer_value], [TYPE.integer, 3]);
    await rig.activate(user);
    assert.deepEqual(await user.setParameter(NAME, 'max_fps', 20), DONE);
    const [changed] = await get(user, 'max_fps');
    assert.deepEqual([changed?.type, changed?.double_value], [TYPE.double, 20]);
  });

  it('does not start with a value of another type, and names it', async () => {
    for (const [given, reason] of [
      ['threads:=[1, 2]', /Expected an integer from 1 to 16 for threads but received \[1,2\]/],
      ['use_sim_time:=yes please', /Expected true or false for use_sim_time but received "yes please"/],
    ] as const) {
      await rig.startNode('-p', given);
      await waitFor(() => Promise.resolve(reason.test(rig.output)), String(reason)).catch(
        (cause: unknown) => {
          throw new Error(rig.output, { cause });
        },
      );
      assert.equal(await rig.node.ended(), 1);
    }
  });

  it('refuses what it cannot take with a reason, and answers the next request', async () => {
    const user = await rig.start();
    const values: readonly (readonly [value: object, shown: RegExp])[] = [
      [{ type: 0 }, /received no value/],
      [{ type: 5, byte_array_value: { base64: 'AQI=' } }, /received \[1,2\]/],
      [{ type: 6, bool_array_value: [true, false] }, /received \[true,false\]/],
      [{ type: 7, integer_array_value: [1, 2] }, /received \[1,2\]/],
      [{ type: 8, double_array_value: [1.5] }, /received \[1\.5\]/],
      [{ type: 9, string_array_value: [] }, /received \[\]/],
      [{ type: 77 }, /received no value/],
    ];
    const expected: Readonly<Record<string, RegExp>> = {
      threads: /Expected an integer from 1 to 16 for threads/,
      model: /Expected a non-empty text for model/,
      ordered: /Expected true or false for ordered/,
      score_threshold: /Expected a number from 0 to 1 for score_threshold/,
      image_topics: /Expected a list of different, non-empty texts for image_topics/,
      use_sim_time: /Expected true or false for use_sim_time/,
    };
    for (const [name, expectation] of Object.entries(expected)) {
      for (const [value, shown] of values) {
        const { successful, reason } = await user.setParameterValue(NAME, name, value);
        assert.equal(successful, false, `${name} ${JSON.stringify(value)}`);
        assert.match(reason, expectation);
        assert.match(reason, shown);
      }
    }
    const text = await user.setParameter(NAME, 'use_sim_time', 'yes');
    assert.match(text.reason, /Expected true or false for use_sim_time but received "yes"/);
    const long = await user.setParameterValue(NAME, 'threads', {
      type: 7,
      integer_array_value: Array.from({ length: 10_000 }, () => 1),
    });
    assert.ok(long.reason.length < 300);
    const unknown = await user.setParameter(NAME, 'thread', 2);
    assert.equal(unknown.reason, 'There is no parameter thread. Did you mean threads?');
    assert.equal((await user.setParameter(NAME, '', 2)).successful, false);
    assert.deepEqual(await user.setParameter(NAME, 'threads', 4), DONE);
  });

  it('lists the parameters with descriptors and types, as ros2 param asks for them', async () => {
    const user = await rig.start();
    const list = async (prefixes: string[], depth: number) => {
      const { result } = await user.callParameters<{ result: { names: string[]; prefixes: string[] } }>(
        NAME,
        'ListParameters',
        { prefixes, depth },
      );
      return result;
    };
    const all = await list([], 0);
    for (const name of PARAMETER_NAMES) assert.ok(all.names.includes(name), name);
    assert.ok(all.names.includes('use_sim_time'));
    assert.deepEqual(all.prefixes, ['diagnostic_updater', 'diagnostics']);
    const top = await list([], 1);
    assert.deepEqual(
      top.names,
      all.names.filter((name) => !name.includes('.')),
    );
    assert.deepEqual(top.prefixes, []);
    const diagnostics = all.names.filter((name) => name.startsWith('diagnostics.'));
    assert.ok(diagnostics.length > 1);
    assert.deepEqual(await list(['diagnostics'], 1), { names: diagnostics, prefixes: ['diagnostics'] });
    assert.deepEqual(await list(['threads', 'no.such'], 0), { names: ['threads'], prefixes: [] });

    const names = ['threads', 'max_fps', 'drop_policy', 'nv12_range', 'ordered', 'image_topics', 'none'];
    const { types } = await user.callParameters<{ types: string | number[] }>(NAME, 'GetParameterTypes', {
      names,
    });
    const expected = [
      TYPE.integer,
      TYPE.double,
      TYPE.string,
      TYPE.string,
      TYPE.bool,
      TYPE.stringArray,
      TYPE.notSet,
    ];
    // Bytes come as base64.
    assert.deepEqual(typeof types === 'string' ? [...Buffer.from(types, 'base64')] : types, expected);

    const { descriptors } = await user.callParameters<{ descriptors: Descriptor[] }>(
      NAME,
      'DescribeParameters',
      { names: [...names, 'use_sim_time'] },
    );
    const [threads, maxFps, dropPolicy, nv12Range, , , none, simTime] = descriptors;
    assert.deepEqual(
      descriptors.slice(0, 7).map(({ type }) => type),
      expected,
    );
    assert.deepEqual(threads?.integer_range, [{ from_value: 1, to_value: 16, step: 1 }]);
    assert.deepEqual(threads.floating_point_range, []);
    assert.deepEqual(maxFps?.floating_point_range, [{ from_value: 0, to_value: 10_000, step: 0 }]);
    assert.match(dropPolicy?.additional_constraints ?? '', /oldest, newest, block/);
    assert.match(nv12Range?.additional_constraints ?? '', /while the node is unconfigured/);
    assert.ok(
      descriptors.slice(0, 6).every(({ read_only, description }) => !read_only && description !== ''),
    );
    assert.deepEqual([none?.name, none?.type], ['none', TYPE.notSet]);
    assert.equal(simTime?.type, TYPE.bool);
  });

  it('accepts its own values: ros2 param load of a ros2 param dump', async () => {
    const user = await rig.start('-p', 'bpu_core:=0', '-p', 'max_fps:=30');
    await rig.activate(user);
    const file = rig.path('dump.yaml');
    const names = await user.ask<string[]>({ op: 'dump_parameters', node: NAME, file });
    const depth = 'qos_overrides./classification.publisher.depth';
    for (const name of [depth, 'use_sim_time', ...PARAMETER_NAMES]) {
      assert.ok(names.includes(name), name);
    }
    const load = async (): Promise<Record<string, string>> =>
      await user.ask({ op: 'load_parameters', node: NAME, file });
    assert.deepEqual(await load(), Object.fromEntries(names.map((name) => [name, 'done'])));

    const changed = readFileSync(file, 'utf8')
      .replace(/(top_k: )\d+/, '$12')
      .replace(/(ordered: )true/, '$1false')
      .replaceAll(/(depth: )10/g, '$13');
    writeFileSync(file, changed);
    const results = await load();
    assert.equal(results['top_k'], 'done');
    assert.match(results['ordered'] ?? '', /cannot change while the node is active/);
    assert.equal(results[depth], `Parameter ${depth} is read-only: give it at launch.`);
    const [topK, ordered] = await get(user, 'top_k', 'ordered');
    assert.deepEqual([topK?.integer_value, ordered?.bool_value], [2, true]);
    assert.match((await user.setParameter(NAME, depth, 'three')).reason, /Expected an integer for qos_over/);
  });
});
