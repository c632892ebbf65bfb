import { EffvitError } from '../../core/EffvitError.js';

/**
 * Creates a publisher or a subscription whose QoS the user may override.
 *
 * @throws EffvitError BAD_CONFIG naming the topic's parameters, if rclnodejs refuses one of their values.
 */
export function withQosOverrides<Endpoint>(topic: string, make: () => Endpoint): Endpoint {
  try {
    return make();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EffvitError(
      'BAD_CONFIG',
      `${topic} cannot be set up (${reason}): correct the parameters qos_overrides.${topic}.*.`,
      { context: { topic }, cause: error },
    );
  }
}
