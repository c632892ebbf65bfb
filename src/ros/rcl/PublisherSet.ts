import { runAllStepsNow } from '../../core/runAllSteps.js';
import { type OtherEndpoints, type OwnEndpoint, subscriptionsOf } from '../reports/otherEndpoints.js';
import { CdrPublisher } from './CdrPublisher.js';
import { keepLastQos, type RclModule, type RclNode } from './rcl.js';
import { withQosOverrides } from './withQosOverrides.js';

const DEPTH = 10;

/** Reliable publishers whose QoS the user may override; they are destroyed together. */
export class PublisherSet {
  readonly #rcl: RclModule;
  readonly #node: RclNode;
  /** By the topic as in the graph. */
  readonly #endpoints = new Map<string, OwnEndpoint>();
  readonly #publishers: CdrPublisher<never>[] = [];

  constructor(rcl: RclModule, node: RclNode) {
    this.#rcl = rcl;
    this.#node = node;
  }

  /**
   * @param durability transientLocal: later subscribers get the last messages too.
   * @throws EffvitError BAD_CONFIG for a QoS override
   */
  make<Message extends object>(
    type: string,
    topic: string,
    depth = DEPTH,
    durability: 'transientLocal' | 'volatile' = 'volatile',
  ): CdrPublisher<Message> {
    const [rcl, node] = [this.#rcl, this.#node];
    const fullName = node.resolveTopicName(topic);
    const qos = keepLastQos(rcl, depth, 'reliable', durability);
    const make = (options: object) => new CdrPublisher<Message>(node, type, topic, options);
    const publisher = withQosOverrides(rcl, fullName, qos, make);
    this.#endpoints.set(fullName, { type, qos });
    this.#publishers.push(publisher);
    return publisher;
  }

  /** The subscribers of each topic. */
  subscribers(): ReadonlyMap<string, OtherEndpoints> {
    return new Map(
      [...this.#endpoints].map(([topic, own]) => [topic, subscriptionsOf(this.#node, topic, own)]),
    );
  }

  destroy(): void {
    runAllStepsNow(this.#publishers.map((publisher) => () => publisher.destroy()));
  }
}
