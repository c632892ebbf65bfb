import assert from 'node:assert/strict';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import { Bond } from '../../../src/ros/Bond.js';
import type { RclNode } from '../../../src/ros/rcl/rcl.js';

interface Status {
  readonly id: string;
  readonly instance_id: string;
  readonly active: boolean;
  readonly heartbeat_timeout: number;
}

describe('Bond', () => {
  let clock: SinonFakeTimers;
  let sent: Status[];
  let destroyed: string[];
  let hear: (status: Status) => void;
  let node: RclNode;

  beforeEach(() => {
    clock = useFakeTimers();
    sent = [];
    destroyed = [];
    node = {
      name: () => 'classifier',
      now: () => ({ nanoseconds: 5n }),
      getLogger: () => ({ error: () => undefined }),
      createPublisher: (type: string, topic: string) => {
        assert.deepEqual([type, topic], ['bond/msg/Status', 'bond']);
        return { publish: (status: Status) => sent.push(status) };
      },
      createSubscription: (_type: string, _topic: string, _options: object, callback: typeof hear) => {
        hear = callback;
        return {};
      },
      destroyPublisher: () => destroyed.push('publisher'),
      destroySubscription: () => destroyed.push('subscription'),
    } as unknown as RclNode;
  });

  afterEach(() => clock.restore());

  it('is none where the package is not installed', () => {
    assert.equal(Bond.start(node, false), undefined);
    assert.equal(sent.length, 0);
  });

  it("gives signs of life under the node's name, and a last one", () => {
    const bond = Bond.start(node, true);
    clock.tick(2000);
    assert.ok(sent.length >= 8);
    assert.ok(sent.every(({ id, active }) => id === 'classifier' && active));
    assert.equal(new Set(sent.map(({ instance_id }) => instance_id)).size, 1);
    bond?.end();
    assert.equal(sent.at(-1)?.active, false);
    assert.deepEqual(destroyed.sort(), ['publisher', 'subscription']);
    const { length } = sent;
    clock.tick(2000);
    assert.equal(sent.length, length);
  });

  it('answers a manager that lets go, and is still then; others are none of its business', () => {
    const bond = Bond.start(node, true);
    const own = sent[0]?.instance_id ?? '';
    hear({ id: 'another', instance_id: 'x', active: false, heartbeat_timeout: 4 });
    hear({ id: 'classifier', instance_id: 'x', active: true, heartbeat_timeout: 4 });
    hear({ id: 'classifier', instance_id: own, active: false, heartbeat_timeout: 4 });
    clock.tick(300);
    assert.equal(sent.at(-1)?.active, true);
    hear({ id: 'classifier', instance_id: 'x', active: false, heartbeat_timeout: 4 });
    assert.equal(sent.at(-1)?.active, false);
    const { length } = sent;
    clock.tick(2000);
    bond?.end();
    assert.equal(sent.length, length);
  });
});
