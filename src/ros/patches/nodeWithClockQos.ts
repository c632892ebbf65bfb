import { QOS, type RclModule, type RclNode, type RclQos } from '../rcl/rcl.js';

const CLOCK_TOPIC = '/clock';

type SubscriptionCallback = (message: object) => void;

/** rclcpp's and rclpy's ClockQoS: best effort matches every publisher, and only the newest time matters. */
function clockQos(rcl: Pick<RclModule, 'QoS'>): RclQos {
  return new rcl.QoS(QOS.keepLast, 1, QOS.bestEffort, QOS.volatile);
}

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
      return super.createSubscription(type, topic, { qos: clockQos(rcl) }, options);
    }
  } as RclModule['Node'];
}
