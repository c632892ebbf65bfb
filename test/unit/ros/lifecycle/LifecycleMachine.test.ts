import assert from 'node:assert/strict';
import { EffvitError } from '../../../../src/core/EffvitError.js';
import { type LifecycleCallbacks, LifecycleMachine } from '../../../../src/ros/lifecycle/LifecycleMachine.js';
import { EDGES, type Edge, TRANSITIONS } from '../../../../src/ros/lifecycle/lifecycleGraph.js';

const CLEAN = new EffvitError('NOT_FOUND', 'no such model');

interface Rig {
  readonly machine: LifecycleMachine;
  /** Calls of the callbacks, in order. */
  readonly calls: string[];
  readonly taken: Edge[];
  /** `start id goal` of each edge that was taken since the last call. */
  readonly walk: () => string[];
}

function rig(failing: Readonly<Record<string, unknown>> = {}): Rig {
  const calls: string[] = [];
  const taken: Edge[] = [];
  const work = (name: string) => async (): Promise<void> => {
    calls.push(name);
    await Promise.resolve();
    if (name in failing) throw failing[name];
  };
  const callbacks: LifecycleCallbacks = {
    configure: work('configure'),
    activate: work('activate'),
    deactivate: work('deactivate'),
    cleanup: work('cleanup'),
    shutdown: async (from) => await work(`shutdown ${from}`)(),
    onError: work('onError'),
    onTransition: (edge) => taken.push(edge),
  };
  const walk = (): string[] => taken.splice(0).map(({ start, id, goal }) => `${start} ${id} ${goal}`);
  return { machine: new LifecycleMachine(callbacks), calls, taken, walk };
}

const by = (label: string) => ({ id: 0, label });

describe('LifecycleMachine', () => {
  it('walks through every state by labels and by ids', async () => {
    const { machine, calls, walk } = rig();
    for (const wanted of [by('configure'), { id: 3, label: '' }, by('deactivate'), { id: 2, label: '' }]) {
      assert.deepEqual(await machine.request(wanted), { isSuccess: true });
    }
    assert.equal(machine.state, 'unconfigured');
    assert.deepEqual(calls, ['configure', 'activate', 'deactivate', 'cleanup']);
    assert.deepEqual(walk(), [
      'unconfigured 1 configuring',
      'configuring 10 inactive',
      'inactive 3 activating',
      'activating 30 active',
      'active 4 deactivating',
      'deactivating 40 inactive',
      'inactive 2 cleaningup',
      'cleaningup 20 unconfigured',
    ]);
  });

  for (const [path, from, id] of [
    [[], 'unconfigured', 5],
    [['configure'], 'inactive', 6],
    [['configure', 'activate'], 'active', 7],
  ] as const) {
    it(`shuts down from ${from}, by label and by the id of that state`, async () => {
      for (const wanted of [by('shutdown'), { id, label: '' }]) {
        const { machine, calls, walk } = rig();
        for (const label of path) await machine.request(by(label));
        walk();
        assert.deepEqual(await machine.request(wanted), { isSuccess: true });
        assert.equal(calls.at(-1), `shutdown ${from}`);
        assert.deepEqual(walk(), [`${from} ${id} shuttingdown`, 'shuttingdown 50 finalized']);
        const again = await machine.request(by('configure'));
        assert.match(String(again.error), /not possible in state finalized.*start the node anew/);
      }
    });
  }

  it('refuses what the state does not allow, names what it does, and calls nothing', async () => {
    const { machine, calls, taken } = rig();
    for (const wanted of [by('activate'), { id: 7, label: '' }, { id: 1, label: 'cleanup' }, by('')]) {
      const { isSuccess, error } = await machine.request(wanted);
      assert.equal(isSuccess, false);
      assert.match(String(error), /not possible in state unconfigured; possible now: configure, shutdown\./);
    }
    assert.deepEqual([calls, taken], [[], []]);
  });

  it('refuses a second request while one is under way', async () => {
    const { machine, calls } = rig();
    const first = machine.request(by('configure'));
    assert.equal(machine.state, 'configuring');
    assert.deepEqual(machine.available(), []);
    const second = await machine.request(by('configure'));
    assert.match(String(second.error), /in state configuring; possible now: none until the running one ends/);
    await machine.settled();
    assert.equal(machine.state, 'inactive');
    assert.deepEqual(await first, { isSuccess: true });
    assert.deepEqual(calls, ['configure']);
  });

  it('goes back where it was after a clean failure', async () => {
    for (const [path, label, walked] of [
      [[], 'configure', ['unconfigured 1 configuring', 'configuring 11 unconfigured']],
      [['configure'], 'activate', ['inactive 3 activating', 'activating 31 inactive']],
      [['configure'], 'cleanup', ['inactive 2 cleaningup', 'cleaningup 21 inactive']],
      [['configure', 'activate'], 'deactivate', ['active 4 deactivating', 'deactivating 41 active']],
    ] as const) {
      const { machine, calls, walk } = rig({ [label]: CLEAN });
      for (const before of path) await machine.request(by(before));
      walk();
      assert.deepEqual(await machine.request(by(label)), { isSuccess: false, error: CLEAN });
      assert.deepEqual(walk(), walked);
      assert.ok(!calls.includes('onError'));
    }
  });

  it('is finalized after a shutdown, whether its work succeeded or not', async () => {
    const { machine, walk } = rig({ 'shutdown unconfigured': CLEAN });
    assert.deepEqual(await machine.request(by('shutdown')), { isSuccess: false, error: CLEAN });
    assert.deepEqual(walk(), ['unconfigured 5 shuttingdown', 'shuttingdown 51 finalized']);
  });

  it('tidies up after an error, and is finalized where that fails too', async () => {
    const defect = new TypeError('undefined is not a function');
    for (const [tidying, walked, state] of [
      [undefined, 'errorprocessing 60 unconfigured', 'unconfigured'],
      [CLEAN, 'errorprocessing 61 finalized', 'finalized'],
      [defect, 'errorprocessing 62 finalized', 'finalized'],
    ] as const) {
      const { machine, calls, walk } = rig({
        configure: defect,
        ...(tidying !== undefined && { onError: tidying }),
      });
      assert.deepEqual(await machine.request(by('configure')), { isSuccess: false, error: defect });
      assert.deepEqual(calls, ['configure', 'onError']);
      assert.deepEqual(walk(), ['unconfigured 1 configuring', 'configuring 12 errorprocessing', walked]);
      assert.equal(machine.state, state);
    }
  });

  it('takes only edges of the graph, which has each id once for each start', () => {
    assert.equal(EDGES.length, 7 + 6 * 3);
    assert.equal(new Set(EDGES.map(({ id }) => id)).size, EDGES.length);
    for (const transition of TRANSITIONS) assert.ok(EDGES.includes(transition));
  });
});
