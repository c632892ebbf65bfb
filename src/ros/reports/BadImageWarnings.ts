import { monotonicNs } from '../../stats/monotonicNs.js';

/** The same cause of the same camera is told again after this time, with how often it came. */
const REPEAT_NS = 60e9;
/** Causes that are told apart for one camera; random bytes have a new one each. */
const MOST_CAUSES = 8;

interface Told {
  atNs: number;
  since: number;
}

/** One line in the log for each new cause for which a camera's images cannot be read, and then now and again. */
export class BadImageWarnings {
  readonly #warn: (text: string) => void;
  readonly #told = new Map<string, Map<string, Told>>();

  constructor(warn: (text: string) => void) {
    this.#warn = warn;
  }

  report(camera: string, reason: string): void {
    const causes = this.#told.get(camera) ?? new Map<string, Told>();
    this.#told.set(camera, causes);
    // Sizes and offsets differ from frame to frame.
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
