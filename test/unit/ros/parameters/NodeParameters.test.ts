import assert from 'node:assert/strict';
import { EffvitError } from '../../../../src/core/EffvitError.js';
import type { LifecycleState } from '../../../../src/ros/lifecycle/lifecycleGraph.js';
import { NodeParameters } from '../../../../src/ros/parameters/NodeParameters.js';
import type { SetResult } from '../../../../src/ros/parameters/offerParameters.js';
import { type NodeParameterValues, PARAMETER_NAMES } from '../../../../src/ros/parameters/parameterTable.js';
import { PARAMETER_TYPE, type RclModule, type RclNode } from '../../../../src/ros/rcl/rcl.js';

const DONE: SetResult = { successful: true, reason: '' };

class FakeParameter {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;

  constructor(name: string, type: number, value: unknown) {
    this.name = name;
    this.type = type;
    this.value = value;
  }

  toParameterValueMessage(): object {
    return { type: this.type };
  }
}

class FakeDescriptor {
  readonly readOnly: boolean;

  constructor(_name: string, _type: number, _description: string, readOnly: boolean) {
    this.readOnly = readOnly;
  }
}

type Callback = (request: unknown, response: { send: (message: unknown) => void }) => Promise<void>;

/** rclnodejs as far as parameters use it, the middleware left out. */
class FakeNode {
  readonly rcl = { Parameter: FakeParameter, ParameterDescriptor: FakeDescriptor } as unknown as RclModule;
  readonly stored = new Map<string, FakeParameter>();
  readonly errors: string[] = [];
  readonly warnings: string[] = [];
  readonly #descriptors = new Map<string, FakeDescriptor>();
  readonly #overrides: readonly FakeParameter[];
  readonly #services = new Map<string, Callback>();
  onStore = (): void => undefined;

  constructor(...overrides: readonly FakeParameter[]) {
    this.#overrides = overrides;
    this.#declare(new FakeParameter('use_sim_time', PARAMETER_TYPE.bool, false), false);
    this.#declare(new FakeParameter('qos.depth', PARAMETER_TYPE.integer, 10n), true);
  }

  #declare(parameter: FakeParameter, isReadOnly: boolean): void {
    this.stored.set(parameter.name, parameter);
    this.#descriptors.set(parameter.name, new FakeDescriptor(parameter.name, parameter.type, '', isReadOnly));
  }

  get node(): RclNode {
    const node = {
      getParameterOverrides: () => this.#overrides,
      getParameterNames: () => [...this.stored.keys()],
      hasParameter: (name: string) => this.stored.has(name),
      getParameter: (name: string) => this.stored.get(name),
      getParameterDescriptor: (name: string) => this.#descriptors.get(name),
      getFullyQualifiedName: () => '/n',
      getLogger: () => ({
        error: (text: string) => this.errors.push(text),
        warn: (text: string) => this.warnings.push(text),
      }),
      createService: (_type: string, name: string, callback: Callback) => this.#services.set(name, callback),
      declareParameter: (parameter: FakeParameter, _: unknown, ignoresOverride: boolean) => {
        assert.ok(ignoresOverride);
        this.#declare(parameter, false);
      },
      setParametersAtomically: (parameters: readonly FakeParameter[]) => {
        this.onStore();
        for (const parameter of parameters) this.stored.set(parameter.name, parameter);
        return { successful: true, reason: '' };
      },
    };
    return node as unknown as RclNode;
  }

  async #ask(service: string, parameters: readonly object[]): Promise<unknown> {
    let answer: unknown;
    await this.#services.get(`~/${service}`)?.(
      { parameters },
      {
        send: (message) => {
          answer = message;
        },
      },
    );
    return answer;
  }

  async set(...parameters: readonly object[]): Promise<readonly SetResult[]> {
    return ((await this.#ask('set_parameters', parameters)) as { results: SetResult[] }).results;
  }

  async setAtomically(...parameters: readonly object[]): Promise<SetResult> {
    return ((await this.#ask('set_parameters_atomically', parameters)) as { result: SetResult }).result;
  }
}

const integer = (name: string, value: number): object => ({
  name,
  value: { type: PARAMETER_TYPE.integer, integer_value: BigInt(value) },
});
const text = (name: string, value: string): object => ({
  name,
  value: { type: PARAMETER_TYPE.string, string_value: value },
});

describe('NodeParameters', () => {
  let fake: FakeNode;
  let state: LifecycleState;
  let applied: { values: NodeParameterValues; changed: string[] }[];
  let apply: (values: NodeParameterValues) => Promise<void>;

  beforeEach(() => {
    fake = new FakeNode();
    state = 'active';
    applied = [];
    apply = () => Promise.resolve();
  });

  function start(): NodeParameters {
    return new NodeParameters(fake.rcl, fake.node, {
      state: () => state,
      apply: async (values, changed) => {
        applied.push({ values, changed: [...changed] });
        await apply(values);
      },
    });
  }

  it('declares what was given in the type of the table, and refuses what does not fit', () => {
    fake = new FakeNode(
      new FakeParameter('max_fps', PARAMETER_TYPE.integer, 30n),
      new FakeParameter('of_another', PARAMETER_TYPE.integerArray, [1n]),
    );
    assert.equal(start().values.max_fps, 30);
    assert.deepEqual({ ...fake.stored.get('max_fps') }, { name: 'max_fps', type: 3, value: 30 });
    assert.deepEqual({ ...fake.stored.get('threads') }, { name: 'threads', type: 2, value: 2n });
    fake = new FakeNode(new FakeParameter('threads', PARAMETER_TYPE.integerArray, [1n, 2n]));
    assert.throws(start, { code: 'BAD_CONFIG', message: /threads but received \[1,2\]/ });
    fake = new FakeNode(new FakeParameter('use_sim_time', PARAMETER_TYPE.string, 'yes'));
    assert.throws(start, { code: 'BAD_CONFIG', message: /true or false for use_sim_time .* "yes"/ });
  });

  it('tells parameters that do not exist at the start, with the nearest name', () => {
    fake = new FakeNode(
      new FakeParameter('treads', PARAMETER_TYPE.integer, 3n),
      new FakeParameter('qos_overrides./image.subscription.depth', PARAMETER_TYPE.integer, 3n),
    );
    start();
    assert.deepEqual(fake.warnings, [
      'There is no parameter treads: its value is not used. Did you mean threads?',
    ]);
  });

  it('applies all of a request at once, and stores it when that is done', async () => {
    const parameters = start();
    apply = () => {
      assert.equal(parameters.values.threads, 2);
      assert.equal(fake.stored.get('threads')?.value, 2n);
      return Promise.resolve();
    };
    const same = text('nv12_range', 'model');
    assert.deepEqual(await fake.setAtomically(integer('threads', 4), same, text('model', 'x')), DONE);
    assert.deepEqual(
      applied.map(({ changed }) => changed),
      [['model', 'threads']],
    );
    assert.deepEqual([applied[0]?.values.threads, applied[0]?.values.model], [4, 'x']);
    assert.deepEqual([parameters.values.threads, parameters.values.model], [4, 'x']);
    assert.equal(fake.stored.get('threads')?.value, 4n);
    assert.deepEqual(await fake.set(integer('threads', 4)), [DONE]);
    assert.equal(applied.length, 1);
  });

  it('takes none of a request of which one cannot be taken, and asks nobody then', async () => {
    const parameters = start();
    const { values } = parameters;
    for (const [wrong, reason] of [
      [integer('threads', 17), /threads but received 17/],
      [text('nv12_range', 'full'), /cannot change while the node is active/],
      [integer('qos.depth', 3), /qos\.depth is read-only/],
      [text('use_sim_time', 'yes'), /true or false for use_sim_time/],
      [integer('thread', 3), /Did you mean threads\?/],
    ] as const) {
      const result = await fake.setAtomically(integer('top_k', 3), wrong);
      assert.equal(result.successful, false);
      assert.match(result.reason, reason);
    }
    assert.equal(parameters.values, values);
    assert.deepEqual([applied, fake.errors], [[], []]);
    const results = await fake.set(integer('top_k', 3), integer('threads', 17), integer('qos.depth', 10));
    assert.deepEqual(
      results.map(({ successful }) => successful),
      [true, false, true],
    );
    state = 'unconfigured';
    assert.deepEqual(await fake.set(text('nv12_range', 'full')), [DONE]);
  });

  it('keeps the old values where applying fails, and logs what nobody meant to refuse', async () => {
    const parameters = start();
    apply = () => Promise.reject(new EffvitError('NOT_FOUND', 'There is no such model.'));
    assert.deepEqual(await fake.set(text('model', 'x')), [
      { successful: false, reason: 'There is no such model.' },
    ]);
    assert.deepEqual(fake.errors, []);
    apply = () => Promise.reject(new TypeError('undefined is not a function'));
    assert.deepEqual(await fake.setAtomically(text('model', 'x')), {
      successful: false,
      reason: 'undefined is not a function',
    });
    assert.deepEqual(fake.errors, ['Setting parameters failed: undefined is not a function']);
    apply = () => Promise.resolve();
    applied = [];
    fake.onStore = () => {
      throw new Error('rclnodejs throws');
    };
    assert.deepEqual(await fake.set(text('model', 'x')), [{ successful: false, reason: 'rclnodejs throws' }]);
    // What was applied already is taken back.
    assert.deepEqual(
      applied.map(({ values, changed }) => [values.model, changed]),
      [
        ['x', ['model']],
        ['auto', ['model']],
      ],
    );
    assert.deepEqual([parameters.values.model, fake.stored.get('model')?.value], ['auto', 'auto']);
    fake.onStore = () => undefined;
    assert.deepEqual(await fake.set(text('model', 'x')), [DONE]);
  });

  it('tells the setter and diagnostics where the old values cannot be restored, and applies all of them next time', async () => {
    const parameters = start();
    fake.onStore = () => {
      throw new Error('rclnodejs throws');
    };
    const unfit = new EffvitError('NOT_FOUND', 'The old model is gone.');
    apply = (values) => (values.model === 'x' ? Promise.resolve() : Promise.reject(unfit));
    const [refusal] = await fake.set(text('model', 'x'));
    assert.match(refusal?.reason ?? '', /^rclnodejs throws, and .* restored \(The old model is gone\): set/);
    assert.equal(parameters.problem, refusal?.reason);
    assert.match(fake.errors.join(), /could not be restored/);
    fake.onStore = () => undefined;
    apply = () => Promise.resolve();
    applied = [];
    assert.deepEqual(await fake.set(integer('top_k', 3)), [DONE]);
    assert.deepEqual(applied[0]?.changed, PARAMETER_NAMES);
    assert.deepEqual([applied[0]?.values.model, parameters.problem], ['auto', undefined]);
  });

  it('applies requests one after the other, in their order', async () => {
    start();
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    apply = () => gate;
    const first = fake.set(integer('threads', 3));
    const second = fake.setAtomically(integer('threads', 4));
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(
      applied.map(({ values }) => values.threads),
      [3],
    );
    release();
    assert.deepEqual([await first, await second], [[DONE], DONE]);
    assert.deepEqual(
      applied.map(({ values }) => values.threads),
      [3, 4],
    );
    assert.equal(fake.stored.get('threads')?.value, 4n);
  });
});
