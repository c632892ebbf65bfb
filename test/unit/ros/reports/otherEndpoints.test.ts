import assert from 'node:assert/strict';
import { QOS, type RclEndpoint, type RclNode, type RclQos } from '../../../../src/ros/rcl/rcl.js';
import {
  mismatchedPolicy,
  placeOf,
  publishersOf,
  subscriptionsOf,
} from '../../../../src/ros/reports/otherEndpoints.js';

const TYPE = 'sensor_msgs/msg/Image';

function qos(reliability: number, durability: number): RclQos {
  return { reliability, durability };
}

function endpoint(name: string, profile: RclQos, type = TYPE, namespace = '/'): RclEndpoint {
  return { node_name: name, node_namespace: namespace, topic_type: type, qos_profile: profile };
}

function graph(endpoints: readonly RclEndpoint[]): RclNode {
  return {
    getFullyQualifiedName: () => '/classifier',
    getPublishersInfoByTopic: () => endpoints,
    getSubscriptionsInfoByTopic: () => endpoints,
  } as unknown as RclNode;
}

const SENSOR = qos(QOS.bestEffort, QOS.volatile);
const RELIABLE = qos(QOS.reliable, QOS.volatile);
const LATCHED = qos(QOS.reliable, QOS.transientLocal);

describe('otherEndpoints', () => {
  it('knows which policies do not meet', () => {
    assert.equal(mismatchedPolicy(RELIABLE, SENSOR), undefined);
    assert.equal(mismatchedPolicy(SENSOR, RELIABLE), 'reliability');
    assert.equal(mismatchedPolicy(RELIABLE, LATCHED), 'durability');
    assert.equal(mismatchedPolicy(LATCHED, RELIABLE), undefined);
  });

  it('tells publishers of this host from those of another, by GUIDs of Fast DDS', () => {
    const guid = (...endpoint_gid: number[]) => ({ endpoint_gid });
    const own = guid(1, 15, 7, 8, 1, 2);
    assert.equal(placeOf([guid(1, 15, 7, 8, 9, 9)], own), 'local');
    assert.equal(placeOf([guid(1, 15, 7, 9, 1, 2)], own), 'remote');
    assert.equal(placeOf([guid(1, 15, 7, 8, 3, 4), guid(1, 15, 0, 0, 1, 2)], own), undefined);
    assert.equal(placeOf([guid(1, 16, 7, 8)], own), undefined);
    assert.equal(placeOf([guid(1, 16, 7, 8)], guid(1, 16, 7, 8)), undefined);
    assert.equal(placeOf([], own), undefined);
    assert.equal(placeOf([{}], {}), undefined);
    assert.equal(placeOf([own], undefined), undefined);
  });

  it('names the publisher that offers less than a subscription asks for', () => {
    const node = graph([endpoint('good', RELIABLE), endpoint('camera', SENSOR, TYPE, '/front')]);
    assert.deepEqual(publishersOf(node, '/image', { type: TYPE, qos: RELIABLE }), {
      place: undefined,
      count: 2,
      mismatch: 'reliability of /front/camera',
      wrongType: undefined,
    });
    assert.equal(publishersOf(node, '/image', { type: TYPE, qos: SENSOR }).mismatch, undefined);
  });

  it('names the subscription that asks for more than a publisher offers', () => {
    const node = graph([endpoint('viewer', LATCHED)]);
    assert.equal(
      subscriptionsOf(node, '/results', { type: TYPE, qos: RELIABLE }).mismatch,
      'durability of /viewer',
    );
  });

  it('names who speaks of another type, whose QoS does not matter', () => {
    const node = graph([endpoint('camera', SENSOR, 'sensor_msgs/msg/CompressedImage')]);
    assert.deepEqual(publishersOf(node, '/image', { type: TYPE, qos: RELIABLE }), {
      place: undefined,
      count: 1,
      mismatch: undefined,
      wrongType: 'sensor_msgs/msg/CompressedImage of /camera',
    });
  });
});
