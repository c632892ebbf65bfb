import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { EffvitError } from '../core/EffvitError.js';
import type { RawImageFrame } from '../image/ImageFrame.js';
import { DecodedFrames } from './DecodedFrames.js';
import { isKeyFrame, sequenceParameters } from './isKeyFrame.js';
import { ivfFrameHeader, ivfHeader } from './ivf.js';
import type { VideoCodec, VideoPacket } from './VideoPacket.js';

/** Packets that may be in the decoder: more mean that it does not keep up, and the rest until a key frame is skipped. */
const MAX_PENDING = 64;
/** A decoder gives its pictures in order at the latest after so many packets (H.264's largest decoded picture buffer). */
export const MAX_REORDERED_FRAMES = 16;
/** After one failed, the next is not started at once. */
const RESTART_MS = 1000;
const END_LIMIT_MS = 10_000;

export interface VideoDecoderOptions {
  /** The camera, for people. */
  readonly source: string;
  readonly onFrame: (frame: RawImageFrame, packet: VideoPacket) => void;
  /** A packet that became no frame, and why. */
  readonly onProblem: (packet: VideoPacket, error: EffvitError) => void;
  /** FFmpeg's program. Default: `EFFVIT_FFMPEG` of the environment, or `ffmpeg` on PATH. */
  readonly program?: string;
}

type Ffmpeg = ChildProcessByStdio<Writable, Readable, Readable>;

/** One FFmpeg, from a key frame to its end. */
interface Run {
  readonly child: Ffmpeg;
  readonly codec: VideoCodec;
  /** The sequence parameter set that it began with. */
  readonly parameters: Uint8Array | undefined;
  /** The packets that have not become frames, by the number that they travel under. */
  readonly pending: Map<number, VideoPacket>;
  /** FFmpeg's last error line. */
  lastError: string | undefined;
  readonly ended: Promise<void>;
}

/**
 * Decodes one camera's video by FFmpeg in a process of its own, packet by packet: a picture is there as soon as its
 * packet is decoded. Packets go in as IVF, whose frame numbers come out again beside each picture, so that every frame
 * has the header of its own packet, also where packets were lost, damaged or reordered. Pictures are rgb8 by the
 * stream's own colour matrix and range.
 *
 * It begins with a key frame and begins again with the next one after an error. Every packet becomes a frame or a
 * problem, once.
 */
export class VideoDecoder {
  readonly #options: VideoDecoderOptions;
  #run: Run | undefined;
  /** All that have not ended, the current one among them. */
  readonly #runs = new Set<Run>();
  #nextNumber = 0;
  /** Why packets are skipped until the next key frame. */
  #waitReason: string | undefined = 'the stream has not begun';
  #restartMs = 0;
  #isClosed = false;

  constructor(options: VideoDecoderOptions) {
    this.#options = options;
  }

  /** Packets that have become neither frames nor problems. */
  get pendingCount(): number {
    let count = 0;
    for (const run of this.#runs) count += run.pending.size;
    return count;
  }

  /** The next packet of the stream. Its data are copied. */
  push(packet: VideoPacket): void {
    if (this.#isClosed) return;
    const { codec, data } = packet;
    const isKey = isKeyFrame(codec, data);
    this.#endWhereChanged(codec, sequenceParameters(codec, data));
    if (this.pendingCount >= MAX_PENDING) {
      this.#waitReason = `the decoder does not keep up: ${MAX_PENDING} packets wait in it`;
    }
    const canBegin = isKey && this.pendingCount < MAX_PENDING && performance.now() >= this.#restartMs;
    if (this.#waitReason !== undefined && !canBegin) {
      this.#tellLost(packet, `waits for a key frame, since ${this.#waitReason}`);
      return;
    }
    this.#waitReason = undefined;
    this.#run ??= this.#start(codec, sequenceParameters(codec, data));
    const run = this.#run;
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    run.pending.set(number, packet);
    run.child.stdin.write(ivfFrameHeader(data.length, number));
    // The stream keeps what it cannot write at once; the message's buffer is the caller's.
    run.child.stdin.write(Uint8Array.from(data));
    this.#expire(run, number - MAX_REORDERED_FRAMES - MAX_PENDING);
  }

  /** Waits for the frames of every packet so far; afterwards the stream begins anew. */
  async flush(): Promise<void> {
    const runs = [...this.#runs];
    for (const { child } of runs) child.stdin.end();
    const limit = new AbortController();
    const late = delay(END_LIMIT_MS, undefined, { signal: limit.signal })
      .then(() => {
        for (const { child } of runs) child.kill('SIGKILL');
      })
      .catch(() => undefined);
    await Promise.all(runs.map(({ ended }) => ended));
    limit.abort();
    await late;
  }

  /** Ends FFmpeg; what is in it is lost and told. */
  close(): void {
    this.#isClosed = true;
    for (const run of this.#runs) {
      run.child.kill('SIGKILL');
      this.#expire(run, Number.POSITIVE_INFINITY, 'the camera was closed');
    }
  }

  #start(codec: VideoCodec, parameters: Uint8Array | undefined): Run {
    const program = this.#options.program ?? process.env['EFFVIT_FFMPEG'] ?? 'ffmpeg';
    const child = spawn(program, ffmpegArguments(codec), { stdio: ['pipe', 'pipe', 'pipe'] });
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const run: Run = {
      child,
      codec,
      parameters: parameters?.slice(),
      pending: new Map(),
      lastError: undefined,
      ended,
    };
    const frames = new DecodedFrames(({ number, widthPx, heightPx, data }) => {
      const packet = run.pending.get(number);
      run.pending.delete(number);
      if (packet === undefined) return;
      const { stamp, frameId, source } = packet;
      const shape = { encoding: 'rgb8', widthPx, heightPx, strideBytes: 3 * widthPx, isBigEndian: false };
      this.#options.onFrame({ kind: 'raw', stamp, frameId, source, ...shape, data }, packet);
    });
    child.stdout.on('data', (chunk: Buffer) => frames.addPixels(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      for (const error of frames.addLog(chunk)) run.lastError = error;
    });
    // Told by its end, below.
    child.stdin.on('error', () => undefined);
    let startError: NodeJS.ErrnoException | undefined;
    child.once('error', (error) => {
      startError = error;
    });
    child.once('close', (code, signal) => {
      const failure = failureOf(program, startError, code ?? signal, run.lastError);
      this.#onEnd(run, failure);
    });
    this.#runs.add(run);
    child.stdin.write(ivfHeader(codec));
    return run;
  }

  /** A stream of another codec or size needs another FFmpeg; this one still gives what it has. */
  #endWhereChanged(codec: VideoCodec, parameters: Uint8Array | undefined): void {
    const run = this.#run;
    if (run === undefined) return;
    const isSame =
      parameters === undefined ||
      run.parameters === undefined ||
      Buffer.compare(parameters, run.parameters) === 0;
    if (run.codec === codec && isSame) return;
    this.#run = undefined;
    this.#waitReason = 'the stream changed';
    run.child.stdin.end();
  }

  #onEnd(run: Run, failure: string | undefined): void {
    this.#runs.delete(run);
    if (this.#run === run) {
      this.#run = undefined;
      this.#waitReason = failure ?? 'the stream begins anew';
      if (failure !== undefined) this.#restartMs = performance.now() + RESTART_MS;
    }
    this.#expire(run, Number.POSITIVE_INFINITY, failure ?? run.lastError);
  }

  /** Tells the packets up to a number as lost: nothing comes of them any more. */
  #expire(run: Run, last: number, reason = run.lastError): void {
    for (const [number, packet] of run.pending) {
      if (number > last) break;
      run.pending.delete(number);
      this.#tellLost(packet, `gave no picture${reason === undefined ? '' : `: ${reason}`}`);
    }
  }

  #tellLost(packet: VideoPacket, what: string): void {
    const { codec, source } = packet;
    const error = new EffvitError('BAD_IMAGE', `The ${codec} video on ${source} ${what}.`, {
      context: { source },
    });
    this.#options.onProblem(packet, error);
  }
}

/** Nothing is probed and nothing held back: each picture leaves with its packet. */
function ffmpegArguments(codec: VideoCodec): string[] {
  return [
    ...['-hide_banner', '-nostats', '-loglevel', 'level+info', '-protocol_whitelist', 'pipe'],
    ...['-probesize', '32', '-analyzeduration', '0', '-fpsprobesize', '0', '-flags', 'low_delay'],
    ...['-threads', '1', '-c:v', codec, '-f', 'ivf', '-i', 'pipe:0'],
    ...['-map', '0:v', '-vsync', 'passthrough', '-copyts', '-autoscale', '0'],
    ...['-vf', 'format=rgb24,showinfo=checksum=0', '-c:v', 'ppm', '-f', 'image2pipe', 'pipe:1'],
  ];
}

/** Why FFmpeg failed; undefined where it did not. */
function failureOf(
  program: string,
  startError: NodeJS.ErrnoException | undefined,
  status: number | string | null,
  lastError: string | undefined,
): string | undefined {
  if (startError?.code === 'ENOENT') {
    return `${program} was not found: install it (sudo apt install ffmpeg), or name it in EFFVIT_FFMPEG`;
  }
  if (startError !== undefined) return `${program} could not be started (${startError.message})`;
  return status === 0
    ? lastError
    : `${program} ended with ${status}${lastError === undefined ? '' : ` (${lastError})`}`;
}
