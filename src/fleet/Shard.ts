import { createHash } from 'node:crypto';
import { badArgument } from '../core/EffvitError.js';

/** One part of a fleet that is spread over several processes. */
export interface Shard {
  /** From 0, like the pods of an Indexed Job in Kubernetes. */
  readonly index: number;
  readonly count: number;
}

const MOST_SHARDS = 1_000_000;

/** Reads `I/N`. @throws EffvitError BAD_ARGUMENT */
export function parseShard(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text.trim());
  const index = Number(match?.[1]);
  const count = Number(match?.[2]);
  if (match !== null && count >= 1 && count <= MOST_SHARDS && index < count) return { index, count };
  throw badArgument(`Expected I/N with I from 0 to N - 1, such as 0/4, for --shard but received ${text}.`);
}

/**
 * Whether a bag belongs to a shard. Only its name decides, so every bag belongs to exactly one shard even if bags are
 * added or removed between the starts of the shards.
 */
export function isInShard(name: string, { index, count }: Shard): boolean {
  return createHash('sha256').update(name).digest().readUIntBE(0, 6) % count === index;
}
