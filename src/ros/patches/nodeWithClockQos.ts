import { keepLastQos, type RclModule, type RclNode } from '../rcl/rcl.js';

const CLOCK_TOPIC = '/clock';

type SubscriptionCallback = (message: object) => void;

/**
 * A Node class whose time source, with use_sim_time, also receives /clock from best-effort publishers such as
 * `ros2 bag play` and simulators. rclnodejs 2.2 subscribes reliably, so the time of its nodes would stay 0.
 */
export function nodeWithClockQos(rcl: RclModule, Base: RclModule['Node'] = rcl.Node): RclModule['Node'] {
  const Parent = Base as new (
    ...args: ConstructorParameters<RclModule['Node']>
  ) => RclNode & {
    createSubscription(...args: unknown[]): object;
  };
  return class extends Parent {
    // The time source, created in the constructor of the base class, passes no options.
    override createSubscription(
      type: string,
      topic: string,
      options: object | SubscriptionCallback,
      ...others: unknown[]
    ): object {
      if (topic !== CLOCK_TOPIC || typeof options !== 'function') {
        return super.createSubscription(type, topic, options, ...others);
      }
      // rclcpp's and rclpy's ClockQoS: only the newest time matters.
      return super.createSubscription(type, topic, { qos: keepLastQos(rcl, 1, 'bestEffort') }, options);
    }
  } as RclModule['Node'];
}
