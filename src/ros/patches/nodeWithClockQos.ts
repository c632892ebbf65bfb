import { keepLastQos, type RclModule, type RclNode, type RclNodeClass } from '../rcl/rcl.js';

const CLOCK_TOPIC = '/clock';

/**
 * A Node class whose time source, with use_sim_time, also receives /clock from best-effort publishers such as
 * `ros2 bag play` and simulators. rclnodejs 2.2 subscribes reliably, so the time of its nodes would stay 0.
 */
export function nodeWithClockQos(rcl: RclModule, Base = rcl.Node): RclNodeClass {
  const Parent = Base as RclNodeClass<RclNode & { createSubscription(...args: unknown[]): object }>;
  return class extends Parent {
    // The time source, created in the constructor of the base class, passes no options.
    override createSubscription(type: string, topic: string, ...others: unknown[]): object {
      const [callback] = others;
      // rclcpp's and rclpy's ClockQoS: only the newest time matters.
      const options = { qos: keepLastQos(rcl, 1, 'bestEffort') };
      return topic === CLOCK_TOPIC && typeof callback === 'function'
        ? super.createSubscription(type, topic, options, callback)
        : super.createSubscription(type, topic, ...others);
    }
  } as RclNodeClass;
}
