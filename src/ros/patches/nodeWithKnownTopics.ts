import type { RclNode, RclNodeClass, RclPublisher } from '../rcl/rcl.js';

/**
 * A Node class whose publishers store their topic. rclnodejs 2.2 queries the middleware for it at every message, for a
 * log line that is disabled by default.
 */
export function nodeWithKnownTopics(Base: RclNodeClass): RclNodeClass {
  type KnownPublisher = RclPublisher<never> & { readonly topic: string };
  const Parent = Base as RclNodeClass<RclNode & { createPublisher(...args: unknown[]): KnownPublisher }>;
  return class extends Parent {
    override createPublisher(...args: unknown[]): KnownPublisher {
      const publisher = super.createPublisher(...args);
      return Object.defineProperty(publisher, 'topic', { value: publisher.topic });
    }
  } as RclNodeClass;
}
