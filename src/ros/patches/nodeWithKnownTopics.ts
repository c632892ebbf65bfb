import type { RclModule, RclNode, RclPublisher } from '../rcl/rcl.js';

/**
 * A Node class whose publishers know their topic. rclnodejs 2.2 asks the middleware for it each time that it publishes,
 * for a line of the log that nobody has switched on.
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
