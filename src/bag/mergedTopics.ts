import { defined } from '../core/defined.js';
import type { BagTopic } from './BagFile.js';

/** Topics of several files or channels as one list, ordered by name; the counts of equal names are added. */
export function mergedTopics(topics: Iterable<BagTopic>): BagTopic[] {
  const merged = new Map<string, BagTopic>();
  for (const topic of topics) {
    const known = merged.get(topic.name) ?? { ...topic, messageCount: 0 };
    merged.set(topic.name, {
      name: topic.name,
      type: known.type || topic.type,
      encoding: known.encoding || topic.encoding,
      messageCount: sumOfKnown([known.messageCount, topic.messageCount]),
      ...defined({ qos: known.qos ?? topic.qos }),
    });
  }
  return [...merged.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The sum; undefined if one of the counts is unknown. */
export function sumOfKnown(counts: readonly (number | undefined)[]): number | undefined {
  return counts.reduce((a, b) => (a === undefined || b === undefined ? undefined : a + b), 0);
}
