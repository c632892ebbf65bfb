/** What a pull is doing, for a progress bar; `file` is the file's name. */
export type PullProgress =
  /** Another process pulls the same model. */
  | { readonly phase: 'waiting' }
  | {
      readonly phase: 'downloading';
      readonly file: string;
      /** Bytes on disk, those of an earlier, interrupted pull included. */
      readonly receivedBytes: number;
      /** Absent if the server does not say. */
      readonly totalBytes?: number;
      readonly resumedFromBytes: number;
    }
  | {
      readonly phase: 'retrying';
      readonly file: string;
      /** The attempt that comes next, 2 is the first retry. */
      readonly attempt: number;
      readonly delayMs: number;
      readonly reason: string;
    }
  | { readonly phase: 'checking'; readonly file: string }
  | { readonly phase: 'building'; readonly file: string };

export type OnPullProgress = (progress: PullProgress) => void;
