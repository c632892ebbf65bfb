import assert from 'node:assert/strict';
import { endpointWarnings } from '../../../../src/ros/reports/NodeDiagnostics.js';
import type { OtherEndpoints } from '../../../../src/ros/reports/otherEndpoints.js';

const FINE: OtherEndpoints = { count: 1, mismatch: undefined, wrongType: undefined };

describe('endpointWarnings', () => {
  it('says each problem once, and again when it comes back', () => {
    const said: string[] = [];
    const update = endpointWarnings((text) => said.push(text));
    const bad = new Map([['/image', { ...FINE, mismatch: 'reliability of /camera' }]]);
    for (let look = 0; look < 3; look++) update(bad, new Map());
    assert.equal(said.length, 1);
    assert.match(said[0] ?? '', /\/image .*reliability of \/camera.*qos_overrides\.\/image\.subscription/);
    update(new Map([['/image', FINE]]), new Map());
    update(bad, new Map());
    assert.equal(said.length, 2);
  });

  it('tells publishers from subscribers, and QoS from types', () => {
    const said: string[] = [];
    const problems = new Map([
      ['/a', { count: 2, mismatch: 'durability of /one', wrongType: 'std_msgs/msg/String of /two' }],
    ]);
    endpointWarnings((text) => said.push(text))(problems, problems);
    assert.equal(said.length, 4);
    assert.match(said[1] ?? '', /publisher of \/a .*std_msgs\/msg\/String of \/two.*image_transport/);
    assert.match(said[2] ?? '', /subscriber of \/a .*durability of \/one.*qos_overrides\.\/a\.publisher/);
    assert.match(said[3] ?? '', /subscriber of \/a .*std_msgs\/msg\/String of \/two/);
  });
});
