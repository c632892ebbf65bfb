import { EffvitError } from '../../core/EffvitError.js';
import { OVERRIDABLE_POLICIES, type RclModule, type RclQos } from './rcl.js';

/**
 * Creates a publisher or a subscription whose QoS the user may override.
 *
 * @param topic as in the graph. @param qos gets the user's values. @param make creates it with options of rclnodejs.
 * @throws EffvitError BAD_CONFIG naming the topic's parameters, if rclnodejs refuses one of their values.
 */
export function withQosOverrides<Endpoint>(
  rcl: RclModule,
  topic: string,
  qos: RclQos,
  make: (options: object) => Endpoint,
): Endpoint {
  try {
    return make({ qos, qosOverridingOptions: new rcl.QoSOverridingOptions(OVERRIDABLE_POLICIES) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EffvitError(
      'BAD_CONFIG',
      `${topic} cannot be set up (${reason}): correct the parameters qos_overrides.${topic}.*.`,
      { context: { topic }, cause: error },
    );
  }
}
