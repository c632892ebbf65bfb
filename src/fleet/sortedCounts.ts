import { compareTexts } from './FleetBag.js';

/** Counts by cause as plain data, whose bytes do not depend on the order in which the causes occurred. */
export function sortedCounts(counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...counts].sort(([a], [b]) => compareTexts(a, b)));
}
