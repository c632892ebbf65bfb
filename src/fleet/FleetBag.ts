/** One recording of a fleet. */
export interface FleetBag {
  /** The path to read: a rosbag2 folder or storage file. */
  readonly path: string;
  /** Its name in the report: the path as given, or the name from a list. */
  readonly name: string;
  /** A text from a list that changes with the content, e.g. an object's ETag; without it, the files' times are used. */
  readonly version?: string;
}

/** Compares UTF-16 code units, so that the order is the same for every locale. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
