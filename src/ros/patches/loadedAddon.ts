import { createRequire } from 'node:module';
import type { ParameterTypeCode } from '../rcl/rcl.js';

/** The parameters of one key of the parameter files, as rclnodejs's native part reads them out of rcl. */
export interface ParameterFileEntry {
  readonly name: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly type: ParameterTypeCode;
    readonly value: unknown;
  }[];
}

/** How a message came, as the native part tells it. */
export interface RawMessageInfo {
  /** Counts the publisher's messages; the largest uint64, as -1n, where the middleware does not tell it. */
  readonly publication_sequence_number: bigint;
  readonly publisher_gid: Buffer;
  /** When the reader got it, nanoseconds of the system's clock; 0 where the middleware does not tell it. */
  readonly received_timestamp: bigint;
}

/** What the patches use of rclnodejs's native part. */
export interface Addon {
  getParameterOverrides(contextHandle: unknown): readonly ParameterFileEntry[] | undefined;
  /** Takes the next message into a C structure; undefined where there is none. */
  rclTakeWithInfo(subscriptionHandle: unknown, struct: Buffer): RawMessageInfo | undefined;
}

/** rclnodejs keeps its native part to itself; the module cache has it, built here or prebuilt. */
export function loadedAddon(): Addon | undefined {
  const { cache } = createRequire(import.meta.url);
  const file = Object.keys(cache).find((path) => path.endsWith('rclnodejs.node'));
  const addon = (file === undefined ? undefined : cache[file]?.exports) as Partial<Addon> | undefined;
  const parts = [addon?.getParameterOverrides, addon?.rclTakeWithInfo];
  return parts.every((part) => typeof part === 'function') ? (addon as Addon) : undefined;
}
