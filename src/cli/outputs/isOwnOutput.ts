import { open, readFile } from 'node:fs/promises';
import { parseExpectedResults } from '../../classify/expectedResults.js';
import { firstBytes } from '../../core/readInput.js';
import { PROFILE_TOOL } from '../../report/perf/vendorReport.js';

/** Kind of an output; each kind can be recognised by its content. */
export type OutputKind = 'png' | 'svg' | 'html' | 'bag' | 'onnx' | 'expected' | 'profile' | 'manifest';

/** How the texts written by this package start. */
const TEXTS = {
  svg: /^<svg [^>]*>\n<!-- Written by effvit -->/,
  html: /^<!doctype html>[\s\S]*<meta name="generator" content="effvit">/,
} as const;

/** Start of the other kinds, in hexadecimal: 656666766974 is effvit. */
const BYTES = {
  // The signature, and an Exif entry before the pixels.
  png: /^89504e470d0a.*65584966.*656666766974/,
  // The signature and the Header record: its profile ros2, its library effvit replay.
  bag: /^894d434150300d0a01.{16}04000000726f73320d000000656666766974207265706c6179/,
  // ModelProto: the IR version, then the producer.
  onnx: /^08..1206656666766974/,
} as const;

const BEGINNING_BYTES = 2048;

/** Whether a command of this package wrote the file, judged by its content: such a file may be replaced. */
export async function isOwnOutput(path: string, kind: OutputKind): Promise<boolean> {
  try {
    if (kind === 'expected') {
      parseExpectedResults(await readFile(path, 'utf8'), path);
      return true;
    }
    // A manifest is never replaced: it may contain edits that exist nowhere else.
    if (kind === 'manifest') return false;
    if (kind === 'profile') return isProfile(JSON.parse(await readFile(path, 'utf8')));
    const beginning = await beginningOf(path);
    return kind === 'svg' || kind === 'html'
      ? TEXTS[kind].test(beginning.toString('latin1'))
      : BYTES[kind].test(beginning.toString('hex'));
  } catch {
    // A file that cannot be read or parsed was not written by this package.
    return false;
  }
}

/** The vendor's tool writes the same format, without the key `tool`: its files may be measurements of a board. */
function isProfile(content: unknown): boolean {
  const { running_condition: condition } = (content ?? {}) as { running_condition?: { tool?: unknown } };
  return condition?.tool === PROFILE_TOOL;
}

async function beginningOf(path: string): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    return await firstBytes(handle, BEGINNING_BYTES);
  } finally {
    await handle.close();
  }
}
