import { createRequire } from 'node:module';
import type { ParameterTypeCode } from '../rcl/rcl.js';

/** The parameters of one key of the parameter files, as rclnodejs's native part reads them from rcl. */
export interface ParameterFileEntry {
  readonly name: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly type: ParameterTypeCode;
    readonly value: unknown;
  }[];
}

/** Metadata of a received message from the native part. */
export interface RawMessageInfo {
  /** Sequence number of the publisher; the largest uint64, read as -1n, if the middleware does not report it. */
  readonly publication_sequence_number: bigint;
  readonly publisher_gid: Buffer;
  /** Time of reception, nanoseconds on the system's clock; 0 if the middleware does not report it. */
  readonly received_timestamp: bigint;
}

/** The functions of rclnodejs's native part that the patches use. */
export interface Addon {
  getParameterOverrides(contextHandle: unknown): readonly ParameterFileEntry[] | undefined;
  /** Takes the next message into a C structure; undefined if there is none. */
  rclTakeWithInfo(subscriptionHandle: unknown, struct: Buffer): RawMessageInfo | undefined;
}

/** rclnodejs does not export its native part, so it is taken from the module cache. */
export function loadedAddon(): Addon | undefined {
  const { cache } = createRequire(import.meta.url);
  const file = Object.keys(cache).find((path) => path.endsWith('rclnodejs.node'));
  const addon = (file === undefined ? undefined : cache[file]?.exports) as Partial<Addon> | undefined;
  const parts = [addon?.getParameterOverrides, addon?.rclTakeWithInfo];
  return parts.every((part) => typeof part === 'function') ? (addon as Addon) : undefined;
}
