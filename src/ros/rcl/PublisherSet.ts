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

  /** @throws EffvitError BAD_CONFIG for a QoS override */
  make<Message extends object>(type: string, topic: string, depth = DEPTH): CdrPublisher<Message> {
    return this.#make(type, topic, depth, 'volatile');
  }

  /** A publisher whose last message later subscribers get too. @throws EffvitError BAD_CONFIG for a QoS override */
  makeLatched<Message extends object>(type: string, topic: string): CdrPublisher<Message> {
    return this.#make(type, topic, 1, 'transientLocal');
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

  #make<Message extends object>(
    type: string,
    topic: string,
    depth: number,
    durability: 'transientLocal' | 'volatile',
  ): CdrPublisher<Message> {
    const fullName = this.#node.resolveTopicName(topic);
    const qos = keepLastQos(this.#rcl, depth, 'reliable', durability);
    this.#endpoints.set(fullName, { type, qos });
    const publisher = withQosOverrides(
      this.#rcl,
      fullName,
      qos,
      (options) => new CdrPublisher<Message>(this.#node, type, topic, options),
    );
    this.#publishers.push(publisher);
    return publisher;
  }
}
