import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { EffvitError } from '../core/EffvitError.js';
import type { RawImageFrame } from '../image/ImageFrame.js';
import { DecodedFrames } from './DecodedFrames.js';
import { isKeyFrame, sequenceParameters } from './isKeyFrame.js';
import { ivfFrameHeader, ivfHeader } from './ivf.js';
import type { VideoCodec, VideoPacket } from './VideoPacket.js';

/** Most packets in the decoder. Above this it is too slow, and packets are skipped until the next key frame. */
const MAX_PENDING = 64;
/** A decoder outputs a picture after at most this many further packets (H.264's largest decoded picture buffer). */
export const MAX_REORDERED_FRAMES = 16;
/** Delay before a failed FFmpeg is restarted. */
const RESTART_MS = 1000;
const END_LIMIT_MS = 10_000;
const STALL_LIMIT_MS = 10_000;

export interface VideoDecoderOptions {
  /** Name of the camera, for messages. */
  readonly source: string;
  readonly onFrame: (frame: RawImageFrame, packet: VideoPacket) => void;
  /** Called for a packet that gave no frame, with the reason. */
  readonly onProblem: (packet: VideoPacket, error: EffvitError) => void;
  /** FFmpeg's program. Default: `EFFVIT_FFMPEG` of the environment, or `ffmpeg` on PATH. */
  readonly program?: string;
  /** An FFmpeg that is full and has given no picture for this time is ended. Default 10 s. */
  readonly stallLimitMs?: number;
}

type Ffmpeg = ChildProcessByStdio<Writable, Readable, Readable>;

/** One FFmpeg process, which starts with a key frame. */
interface Run {
  readonly child: Ffmpeg;
  readonly codec: VideoCodec;
  /** The sequence parameter set at its start. */
  readonly parameters: Uint8Array | undefined;
  /** The packets without a frame yet, by their IVF frame number. */
  readonly pending: Map<number, VideoPacket>;
  /** FFmpeg's last error line. */
  lastError: string | undefined;
  /** When it was started, or gave its last picture. */
  aliveMs: number;
  readonly ended: Promise<void>;
}

/**
 * Decodes one camera's video packet by packet with an FFmpeg process; a picture is available as soon as its packet is
 * decoded. Packets are sent as IVF, and FFmpeg reports the IVF frame number of each picture. So every frame gets the
 * header of its own packet, even if packets were lost, damaged or reordered. Pictures are rgb8, converted with the
 * stream's colour matrix and range.
 *
 * Decoding starts with a key frame, and after an error with the next one. Every packet gives exactly one frame or
 * problem.
 */
export class VideoDecoder {
  readonly #options: VideoDecoderOptions;
  #run: Run | undefined;
  /** All running processes, including the current one. */
  readonly #runs = new Set<Run>();
  #nextNumber = 0;
  /** Why packets are skipped until the next key frame. */
  #waitReason: string | undefined = 'the stream has not begun';
  #restartMs = 0;
  #isClosed = false;

  constructor(options: VideoDecoderOptions) {
    this.#options = options;
  }

  /** Packets that have given neither a frame nor a problem yet. */
  get pendingCount(): number {
    let count = 0;
    for (const run of this.#runs) count += run.pending.size;
    return count;
  }

  /** Adds the next packet of the stream. Its data are copied. */
  push(packet: VideoPacket): void {
    if (this.#isClosed) return;
    const { codec, data } = packet;
    const isKey = isKeyFrame(codec, data);
    this.#endWhereChanged(codec, sequenceParameters(codec, data));
    if (this.pendingCount >= MAX_PENDING) {
      this.#waitReason = `the decoder does not keep up: ${MAX_PENDING} packets wait in it`;
      this.#endStalled();
    }
    const canBegin = isKey && this.pendingCount < MAX_PENDING && performance.now() >= this.#restartMs;
    if (this.#waitReason !== undefined && !canBegin) {
      this.#tellLost(packet, `waits for a key frame, since ${this.#waitReason}`);
      return;
    }
    this.#waitReason = undefined;
    this.#run ??= this.#start(codec, sequenceParameters(codec, data));
    const run = this.#run;
    const number = this.#nextNumber++;
    run.pending.set(number, packet);
    run.child.stdin.write(ivfFrameHeader(data.length, number));
    // Copied, because the pipe retains data that it cannot write at once, and the buffer belongs to the caller.
    run.child.stdin.write(Uint8Array.from(data));
    this.#expire(run, number - MAX_REORDERED_FRAMES - MAX_PENDING);
  }

  /** Waits for the frames of all packets so far; afterwards the stream restarts with a key frame. */
  async flush(): Promise<void> {
    const runs = [...this.#runs];
    for (const { child } of runs) child.stdin.end();
    const limit = setTimeout(() => {
      for (const { child } of runs) child.kill('SIGKILL');
    }, END_LIMIT_MS);
    await Promise.all(runs.map(({ ended }) => ended));
    clearTimeout(limit);
  }

  /** Ends FFmpeg; its pending packets are reported as lost. */
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
      aliveMs: performance.now(),
      ended,
    };
    const frames = new DecodedFrames(({ number, widthPx, heightPx, data }) => {
      run.aliveMs = performance.now();
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
    // Reported when the process exits, below.
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

  /** Ends FFmpeg processes that hang: their packets are lost, and the next key frame starts another. */
  #endStalled(): void {
    const { stallLimitMs = STALL_LIMIT_MS } = this.#options;
    for (const run of this.#runs) {
      if (run.pending.size === 0 || performance.now() - run.aliveMs < stallLimitMs) continue;
      run.lastError = `it gave no picture for ${stallLimitMs / 1000} s`;
      run.child.kill('SIGKILL');
    }
  }

  /** A change of codec or size needs another FFmpeg process; the old one still outputs its pending pictures. */
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

  /** Reports the packets up to a number as lost. */
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

/** No probing and no buffering: each picture is output with its packet. */
function ffmpegArguments(codec: VideoCodec): string[] {
  return [
    ...['-hide_banner', '-nostats', '-loglevel', 'level+info', '-protocol_whitelist', 'pipe'],
    ...['-probesize', '32', '-analyzeduration', '0', '-fpsprobesize', '0', '-flags', 'low_delay'],
    ...['-threads', '1', '-c:v', codec, '-f', 'ivf', '-i', 'pipe:0'],
    ...['-map', '0:v', '-vsync', 'passthrough', '-copyts', '-autoscale', '0'],
    ...['-vf', 'format=rgb24,showinfo=checksum=0', '-c:v', 'ppm', '-f', 'image2pipe', 'pipe:1'],
  ];
}

/** Why FFmpeg failed; undefined if it did not. */
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
