/**
 * Findings about a picture that was decoded nevertheless.
 *
 * - `stray_bytes`: unused bytes, as some USB cameras and old converters write them.
 * - `grey`: the camera sends colours by the message's format, and the picture has none.
 * - `roi_cut`: a part of the roi lies beyond the picture.
 * - `cpu_resized`: the chip cannot crop and scale the picture, although `resize_on` requests it.
 * - `chip_narrowed`: the chip shrinks by less than four to one, so a part of the region is left out.
 */
export const PICTURE_NOTES = ['stray_bytes', 'grey', 'roi_cut', 'cpu_resized', 'chip_narrowed'] as const;

export type PictureNote = (typeof PICTURE_NOTES)[number];

const TEXTS: Readonly<Record<PictureNote, string>> = {
  stray_bytes: 'have stray bytes in them; they are read all the same',
  grey: 'are grey though their format names a colour camera: its driver or republisher drops the colours',
  roi_cut: 'are smaller than the roi reaches; what they have of it is classified',
  cpu_resized:
    'are resized on the CPU though resize_on is bpu: the chip takes nv12 of even sizes, adds no borders and shrinks less than four to one',
  chip_narrowed:
    'are cut closer than the model has it, as the chip shrinks less than four to one: with resize_on auto or cpu all of the region is seen',
};

/** Most sources with notices: each picture of a folder is one source. */
const MOST_REPORTED = 20;

/** Reports each note once per source. */
export class PictureNotices {
  readonly #report: (text: string) => void;
  readonly #reported = new Set<string>();

  constructor(report: (text: string) => void) {
    this.#report = report;
  }

  report(source: string, notes: readonly PictureNote[]): void {
    for (const note of notes) {
      const key = `${note} ${source}`;
      if (this.#reported.has(key) || this.#reported.size > MOST_REPORTED) continue;
      this.#reported.add(key);
      if (this.#reported.size > MOST_REPORTED) this.#report('Further pictures like these are not reported.');
      else this.#report(`Pictures from ${source || 'an unnamed source'} ${TEXTS[note]}.`);
    }
  }
}
