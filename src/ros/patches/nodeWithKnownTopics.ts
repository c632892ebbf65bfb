import type { RclModule, RclNode, RclPublisher } from '../rcl/rcl.js';

/**
 * A Node class whose publishers store their topic. rclnodejs 2.2 queries the middleware for it at every message, for a
 * log line that is disabled by default.
 */
export function nodeWithKnownTopics(rcl: RclModule, Base: RclModule['Node'] = rcl.Node): RclModule['Node'] {
  const Parent = Base as new (
    ...args: ConstructorParameters<RclModule['Node']>
  ) => RclNode & { createPublisher(...args: unknown[]): RclPublisher<never> & { readonly topic: string } };
  return class extends Parent {
    override createPublisher(...args: unknown[]): RclPublisher<never> & { readonly topic: string } {
      const publisher = super.createPublisher(...args);
      return Object.defineProperty(publisher, 'topic', { value: publisher.topic });
    }
  } as RclModule['Node'];
}
