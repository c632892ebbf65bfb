/** One recording of a fleet. */
export interface FleetBag {
  /** Where it is read: a rosbag2 folder or storage file. */
  readonly path: string;
  /** What the report calls it: the path as it was given, or the name that a list gives it. */
  readonly name: string;
  /** What changes whenever its content does (an object's ETag, say), where a list tells; else its files' times do. */
  readonly version?: string;
}

/** By UTF-16 code units, so that the order is the same on every machine, whatever its language. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
