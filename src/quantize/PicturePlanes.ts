import type { PictureNote } from '../image/pictureNotes.js';

/** One picture as the network was trained to see it, before normalisation. */
export interface PicturePlanes {
  /** Where it comes from: a file, or a topic and a time. */
  readonly source: string;
  /** Row-major planes R, G, B, one after the other, values 0 to 255. */
  readonly planes: Float32Array;
  /** What they were made of, if that is known: the bytes that a BPU takes. */
  readonly nv12?: Uint8Array;
  /** What its decoder noted, if it was compressed. */
  readonly notes?: readonly PictureNote[];
}

/** A picture whose class is known. */
export interface LabelledPlanes extends PicturePlanes {
  /** Index of the class in the model's output; undefined if it is not known. */
  readonly label?: number;
}
