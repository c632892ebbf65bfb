import { open, readFile } from 'node:fs/promises';
import { parseExpectedResults } from '../../classify/expectedResults.js';

/** What an output is; each kind is known again by its content. */
export type OutputKind = 'png' | 'svg' | 'html' | 'bag' | 'onnx' | 'expected' | 'profile' | 'manifest';

/** As the writers of this package begin their texts. */
const TEXTS = {
  svg: /^<svg [^>]*>\n<!-- Written by effvit -->/,
  html: /^<!doctype html>[\s\S]*<meta name="generator" content="effvit">/,
} as const;

/** And the rest, in hexadecimal: 656666766974 is effvit. */
const BYTES = {
  // The signature, and an Exif entry before the pixels.
  png: /^89504e470d0a.*65584966.*656666766974/,
  // The signature and the Header record: its profile ros2, its library.
  bag: /^894d434150300d0a01.{16}04000000726f733206000000656666766974/,
  // ModelProto: the IR version, then the producer.
  onnx: /^08..1206656666766974/,
} as const;

const BEGINNING_BYTES = 2048;

/** Whether a file was written by a command of this package, by its content: such a file may be replaced. */
export async function isOwnOutput(path: string, kind: OutputKind): Promise<boolean> {
  try {
    if (kind === 'expected') {
      parseExpectedResults(await readFile(path, 'utf8'), path);
      return true;
    }
    // Whoever wrote a manifest: it may hold what is nowhere else.
    if (kind === 'manifest') return false;
    if (kind === 'profile') return isProfile(JSON.parse(await readFile(path, 'utf8')));
    const beginning = await beginningOf(path);
    return kind === 'svg' || kind === 'html'
      ? TEXTS[kind].test(beginning.toString('latin1'))
      : BYTES[kind].test(beginning.toString('hex'));
  } catch {
    // What cannot be read or parsed is somebody else's.
    return false;
  }
}

/** profiler.log has the form of the vendor's; no other file has these parts and no more. */
function isProfile(content: unknown): boolean {
  if (typeof content !== 'object' || content === null) return false;
  return Object.keys(content).join() === 'perf_result,running_condition,model_latency';
}

async function beginningOf(path: string): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(BEGINNING_BYTES), 0, BEGINNING_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
