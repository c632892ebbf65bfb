import type { OtherEndpoints } from './otherEndpoints.js';

/** Endpoints that do not match exchange no messages and get no error, so this logs a warning once. */
export class EndpointWarnings {
  readonly #warn: (text: string) => void;
  #logged: ReadonlySet<string> = new Set();

  constructor(warn: (text: string) => void) {
    this.#warn = warn;
  }

  /** @param publishers, subscribers on the other side of each topic. */
  update(
    publishers: ReadonlyMap<string, OtherEndpoints>,
    subscribers: ReadonlyMap<string, OtherEndpoints>,
  ): void {
    const found = [
      ...[...publishers].flatMap(([topic, { mismatch, wrongType }]) => [
        mismatch &&
          `A publisher of ${topic} offers a QoS that does not fit and is not heard (${mismatch}): see qos_overrides.${topic}.subscription.`,
        wrongType &&
          `A publisher of ${topic} is not heard, since it sends another type (${wrongType}): see image_transport.`,
      ]),
      ...[...subscribers].flatMap(([topic, { mismatch, wrongType }]) => [
        mismatch &&
          `A subscriber of ${topic} asks for a QoS that is not offered and gets nothing (${mismatch}): see qos_overrides.${topic}.publisher.`,
        wrongType && `A subscriber of ${topic} gets nothing, since it expects another type: ${wrongType}.`,
      ]),
    ];
    const warnings = new Set(found.filter((warning) => warning !== undefined));
    for (const warning of warnings) if (!this.#logged.has(warning)) this.#warn(warning);
    this.#logged = warnings;
  }
}
