/** Clocks of one robot agree better than this; a stamp further ahead is of another clock. */
const MOST_AHEAD_NS = 0.1e9;
/** No camera and no network takes longer; a stamp further behind is of another clock, since boot perhaps. */
const MOST_BEHIND_NS = 10e9;

/** Whether a delay, from a frame's stamp until now by the node's clock, can be one: else the clocks differ. */
export function isPlausibleDelay(delayNs: number): boolean {
  return delayNs >= -MOST_AHEAD_NS && delayNs <= MOST_BEHIND_NS;
}
