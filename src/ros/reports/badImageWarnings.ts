import { monotonicNs } from '../../stats/monotonicNs.js';

/** After this time the same cause of the same camera is logged again, with its count. */
const REPEAT_NS = 60e9;
/** The most causes stored per camera; random bytes produce ever new ones. */
const MOST_CAUSES = 8;

/**
 * Logs each new cause of unreadable images of a camera, and repeats it periodically.
 *
 * @returns function to call for each image that cannot be read.
 */
export function badImageWarnings(warn: (text: string) => void): (camera: string, reason: string) => void {
  const logged = new Map<string, Map<string, { readonly atNs: number; since: number }>>();
  return (camera, reason) => {
    const causes = logged.get(camera) ?? new Map();
    logged.set(camera, causes);
    // Numbers are masked, because sizes and offsets differ from frame to frame.
    const known = reason.replaceAll(/[\d.]+/g, '#');
    const cause = causes.has(known) || causes.size < MOST_CAUSES ? known : 'others';
    const last = causes.get(cause);
    const nowNs = monotonicNs();
    if (last !== undefined && nowNs - last.atNs < REPEAT_NS) {
      last.since += 1;
      return;
    }
    causes.set(cause, { atNs: nowNs, since: 0 });
    const more =
      last === undefined || last.since === 0 ? '' : ` (${last.since} more since it was last logged)`;
    warn(`The images of ${camera} cannot be read: ${reason}${more}`);
  };
}
