import type { Stats } from 'node:fs';
import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parseExpectedResults } from '../../classify/expectedResults.js';
import { badArgument } from '../../core/EffvitError.js';
import { firstBytesOf } from '../../core/readInput.js';
import { PROFILE_TOOL } from '../../report/perf/vendorReport.js';

/** Kind of an output; each kind can be recognised by its content. */
export type OutputKind = 'png' | 'svg' | 'html' | 'bag' | 'onnx' | 'expected' | 'profile' | 'manifest';

/** A file that a command will write. */
export interface PlannedOutput {
  /** The option that names it, for the message: `--report`. */
  readonly option: string;
  /** Undefined if the option was not given. */
  readonly path: string | undefined;
  readonly kind: OutputKind;
}

export interface OutputCheck {
  /** Everything that the command reads: files, and folders with their direct content. Called if there are outputs. */
  readonly inputs: () => Promise<readonly string[]>;
  readonly outputs: readonly PlannedOutput[];
  /** The option --force: foreign files may be replaced, but never the command's inputs. */
  readonly isForced?: boolean | undefined;
}

/**
 * Call this before a command starts its work. An output must not be one of the inputs (compared by inode, so links are
 * followed), must not replace a file that this package did not write, and may have at most one missing parent folder.
 *
 * @throws EffvitError BAD_ARGUMENT naming the option, the path and the remedy
 */
export async function checkOutputs({ inputs, outputs, isForced = false }: OutputCheck): Promise<void> {
  const given = outputs.flatMap(({ path, ...rest }) => (path === undefined ? [] : [{ path, ...rest }]));
  if (given.length === 0) return;
  const read = await identities(await inputs());
  const planned = new Map<string, string>();
  for (const { option, path, kind } of given) {
    const refuse = (what: string): never => {
      throw badArgument(`${option} ${path} ${what}.`, { file: path });
    };
    const absolute = resolve(path);
    await checkFolder(absolute, refuse);
    const real = await realPathOf(absolute);
    const other = planned.get(real);
    if (other !== undefined) refuse(`is also named by ${other}: name another file`);
    planned.set(real, option);
    const info = await stat(absolute).catch(() => undefined);
    if (info === undefined) {
      const link = await lstat(absolute).catch(() => undefined);
      if (link !== undefined) refuse('is a link to a file that does not exist: name that file');
      continue;
    }
    const input = read.get(identity(info));
    if (input !== undefined) refuse(`is ${input}, which this command reads: name another file`);
    // The bag writer itself checks the folder of a recording: it must be empty.
    if (info.isDirectory() && kind === 'bag') continue;
    if (info.isDirectory()) refuse('is a folder: name a file in it');
    if (!info.isFile()) refuse('is no regular file: name a file');
    if (!isForced && info.size > 0 && !(await isOwnOutput(absolute, kind))) {
      refuse('exists and was not written by effvit: name another, or replace it with --force');
    }
  }
}

/** Creates the last folder of a path if it is missing; several missing folders are treated as a typing error. */
async function checkFolder(path: string, refuse: (what: string) => never): Promise<void> {
  const parent = dirname(dirname(path));
  for (const folder of [parent, dirname(path)]) {
    const info = await stat(folder).catch(() => undefined);
    if (info === undefined && folder === parent) {
      refuse(`is in a folder that does not exist: make ${dirname(path)} first`);
    }
    if (info?.isDirectory() === false) refuse(`is below ${folder}, which is not a folder: name another file`);
  }
}

/** Two names of one file have one real path, even where neither the file nor its folder exists yet. */
async function realPathOf(path: string): Promise<string> {
  const ends: string[] = [];
  for (let folder = path; ; folder = dirname(folder)) {
    const real = await realpath(folder).catch(() => undefined);
    if (real !== undefined) return join(real, ...ends);
    ends.unshift(basename(folder));
  }
}

/** The inputs by device and inode. */
async function identities(inputs: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const path of inputs) {
    const names = await readdir(path).catch(() => []);
    for (const file of [path, ...names.map((name) => join(path, name))]) {
      const info = await stat(file).catch(() => undefined);
      // A missing input is reported by its reader.
      if (info !== undefined) found.set(identity(info), file);
    }
  }
  return found;
}

function identity({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}

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
async function isOwnOutput(path: string, kind: OutputKind): Promise<boolean> {
  try {
    if (kind === 'expected') {
      parseExpectedResults(await readFile(path, 'utf8'), path);
      return true;
    }
    // A manifest is never replaced: it may contain edits that exist nowhere else.
    if (kind === 'manifest') return false;
    if (kind === 'profile') return isProfile(JSON.parse(await readFile(path, 'utf8')));
    const beginning = (await firstBytesOf(path, BEGINNING_BYTES)) ?? Buffer.alloc(0);
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
