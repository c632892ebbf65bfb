import { z } from 'zod';
import { fileError } from '../core/EffvitError.js';
import { readInput } from '../core/readInput.js';
import type { Stamp } from '../core/Stamp.js';

const named = z
  .object({ index: z.number().int().min(0).optional(), label: z.string().optional() })
  .refine(({ index, label }) => index !== undefined || label !== undefined, 'needs an index or a label');

const schema = z.object({
  /** Class of every frame without a more specific entry. */
  all: named.optional(),
  /** Class of every frame of a camera, by topic. */
  topics: z.record(z.string(), named).optional(),
  frames: z
    .array(
      named.and(z.object({ topic: z.string(), stamp: z.object({ sec: z.number(), nanosec: z.number() }) })),
    )
    .optional(),
});

type Named = z.infer<typeof named>;

/** Index of a frame's labelled class; undefined if it has none. */
export type BagTruth = (topic: string, stamp: Stamp) => number | undefined;

/**
 * Reads the labelled classes of a bag's frames.
 *
 * @param labels of the model.
 * @throws EffvitError BAD_ARGUMENT naming the file and the entry that is wrong, IO_FAILED
 */
export async function readBagTruth(path: string, labels: readonly string[]): Promise<BagTruth> {
  const text = await readInput(path);
  return parseBagTruth(text.toString('utf8'), path, labels);
}

/** @throws EffvitError BAD_ARGUMENT as {@link readBagTruth} */
export function parseBagTruth(text: string, path: string, labels: readonly string[]): BagTruth {
  const refuse = (what: string, cause?: unknown): never => {
    throw fileError('BAD_ARGUMENT', path, `does not tell what a bag shows: ${what}`, cause);
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    return refuse((cause as Error).message, cause);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return refuse(`${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'unknown form'}`, parsed.error);
  }
  const { all, topics = {}, frames = [] } = parsed.data;
  const indexOf = ({ index, label }: Named, where: string): number => {
    const byLabel = label === undefined ? -1 : labels.indexOf(label);
    const found = index ?? byLabel;
    if (label !== undefined && labels.indexOf(label, byLabel + 1) >= 0 && index === undefined) {
      return refuse(`${where} has the label ${label}, which two classes of the model have: give its index`);
    }
    if (found < 0 || found >= labels.length) {
      return refuse(`${where} names no class of the model: ${label ?? index}`);
    }
    if (label !== undefined && labels[found] !== label) {
      return refuse(`${where} has index ${found} with the label ${label}, which is ${labels[found]}`);
    }
    return found;
  };
  if (all === undefined && frames.length === 0 && Object.keys(topics).length === 0) {
    return refuse('expected "frames", "topics" or "all" in it');
  }
  const ofAll = all && indexOf(all, '"all"');
  const ofTopics = new Map(Object.entries(topics).map(([topic, entry]) => [topic, indexOf(entry, topic)]));
  const ofFrames = new Map(
    frames.map((entry, at) => [keyOf(entry.topic, entry.stamp), indexOf(entry, `frame ${at}`)]),
  );
  return (topic, stamp) => ofFrames.get(keyOf(topic, stamp)) ?? ofTopics.get(topic) ?? ofAll;
}

function keyOf(topic: string, { sec, nanosec }: Stamp): string {
  return `${topic} ${sec}.${nanosec}`;
}
