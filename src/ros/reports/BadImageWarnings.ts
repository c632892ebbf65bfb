import { monotonicNs } from '../../stats/monotonicNs.js';

/** After this time the same cause of the same camera is logged again, with its count. */
const REPEAT_NS = 60e9;
/** The most causes stored per camera; random bytes produce ever new ones. */
const MOST_CAUSES = 8;

interface Told {
  atNs: number;
  since: number;
}

/** Logs each new cause of unreadable images of a camera, and repeats it periodically. */
export class BadImageWarnings {
  readonly #warn: (text: string) => void;
  readonly #told = new Map<string, Map<string, Told>>();

  constructor(warn: (text: string) => void) {
    this.#warn = warn;
  }

  report(camera: string, reason: string): void {
    const causes = this.#told.get(camera) ?? new Map<string, Told>();
    this.#told.set(camera, causes);
    // Numbers are masked, because sizes and offsets differ from frame to frame.
    const known = reason.replaceAll(/[\d.]+/g, '#');
    const cause = causes.has(known) || causes.size < MOST_CAUSES ? known : 'others';
    const told = causes.get(cause);
    const nowNs = monotonicNs();
    if (told !== undefined && nowNs - told.atNs < REPEAT_NS) {
      told.since += 1;
      return;
    }
    const more = told === undefined || told.since === 0 ? '' : ` (${told.since} more since it was last told)`;
    causes.set(cause, { atNs: nowNs, since: 0 });
    this.#warn(`The images of ${camera} cannot be read: ${reason}${more}`);
  }
}
