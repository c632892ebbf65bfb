import { monotonicNs } from '../../stats/monotonicNs.js';

/** After this time the same cause of the same camera is logged again, with its count. */
const REPEAT_NS = 60e9;
/** The most causes stored per camera; random bytes produce ever new ones. */
const MOST_CAUSES = 8;

interface Logged {
  atNs: number;
  since: number;
}

/** Logs each new cause of unreadable images of a camera, and repeats it periodically. */
export class BadImageWarnings {
  readonly #warn: (text: string) => void;
  readonly #logged = new Map<string, Map<string, Logged>>();

  constructor(warn: (text: string) => void) {
    this.#warn = warn;
  }

  report(camera: string, reason: string): void {
    const causes = this.#logged.get(camera) ?? new Map<string, Logged>();
    this.#logged.set(camera, causes);
    // Numbers are masked, because sizes and offsets differ from frame to frame.
    const known = reason.replaceAll(/[\d.]+/g, '#');
    const cause = causes.has(known) || causes.size < MOST_CAUSES ? known : 'others';
    const logged = causes.get(cause);
    const nowNs = monotonicNs();
    if (logged !== undefined && nowNs - logged.atNs < REPEAT_NS) {
      logged.since += 1;
      return;
    }
    const more =
      logged === undefined || logged.since === 0 ? '' : ` (${logged.since} more since it was last logged)`;
    causes.set(cause, { atNs: nowNs, since: 0 });
    this.#warn(`The images of ${camera} cannot be read: ${reason}${more}`);
  }
}
