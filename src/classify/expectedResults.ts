import { EffvitError } from '../core/EffvitError.js';
import type { ClassResult } from './ClassResult.js';

/** The results of one frame, in the format of `--save-expected` and `--expect`. */
export interface FrameResults {
  readonly topic: string;
  /** Header stamp: seconds, nanoseconds. */
  readonly stamp: readonly [number, number];
  readonly results: readonly ClassResult[];
  /** With smoothing; not compared. */
  readonly smoothed?: readonly ClassResult[];
  /** Of a frame whose boxes were classified: one for each box, in the order of the detector. */
  readonly regions?: readonly RegionResults[];
}

/** The results of one box of a detector. */
export interface RegionResults {
  /** The detection's. */
  readonly id: string;
  /** Left, top, width and height of the classified part of the frame, pixels; absent if it is unknown. */
  readonly box?: readonly [number, number, number, number];
  /** Why there are no results. */
  readonly unknown?: string;
  readonly results: readonly ClassResult[];
}

/** Content of an expectation file: earlier results of a bag, for a regression test. */
export interface ExpectedResults {
  readonly version: 1;
  readonly model: string;
  readonly frames: readonly FrameResults[];
}

/** One frame that differs from the expected results. */
export interface Difference {
  readonly topic: string;
  readonly stamp: readonly [number, number];
  /** One sentence with the expected and the actual result. */
  readonly reason: string;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const isListOf = (value: unknown, isItem: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isItem);

function isResult(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { index, label, score } = value;
  return Number.isInteger(index) && typeof label === 'string' && typeof score === 'number';
}

function isRegion(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { id, results } = value;
  return typeof id === 'string' && isListOf(results, isResult);
}

function isFrame(value: unknown): value is FrameResults {
  if (!isRecord(value)) return false;
  const { topic, stamp, results, regions = [] } = value;
  const isStamp = Array.isArray(stamp) && stamp.length === 2 && stamp.every(Number.isInteger);
  return typeof topic === 'string' && isStamp && isListOf(results, isResult) && isListOf(regions, isRegion);
}

/** Parses an expectation file. @throws EffvitError BAD_ARGUMENT if it has another format. */
export function parseExpectedResults(text: string, path: string): ExpectedResults {
  let content: Partial<ExpectedResults> | null;
  try {
    content = JSON.parse(text) as Partial<ExpectedResults> | null;
  } catch (cause) {
    throw new EffvitError(
      'BAD_ARGUMENT',
      `${path} is not JSON: write it anew with --save-expected (${(cause as Error).message}).`,
      { context: { file: path }, cause },
    );
  }
  if (content?.version !== 1 || !Array.isArray(content.frames) || !content.frames.every(isFrame)) {
    throw new EffvitError(
      'BAD_ARGUMENT',
      `${path} is not a file of expected results of version 1: write it anew with --save-expected.`,
      { context: { file: path } },
    );
  }
  return { version: 1, model: String(content.model), frames: content.frames };
}

const keyOf = (frame: FrameResults): string => `${frame.topic} ${frame.stamp[0]}.${frame.stamp[1]}`;

/**
 * Compares two runs frame by frame, by topic and stamp. Scores may differ by `tolerance`. A class may change its place
 * or leave the list if the deciding scores differ by less.
 */
export function compareResults(
  expected: readonly FrameResults[],
  actual: readonly FrameResults[],
  tolerance: number,
): Difference[] {
  const differences: Difference[] = [];
  const received = new Map<string, FrameResults[]>();
  for (const frame of actual) received.set(keyOf(frame), [...(received.get(keyOf(frame)) ?? []), frame]);
  for (const frame of expected) {
    const { topic, stamp } = frame;
    const found = received.get(keyOf(frame))?.shift();
    if (found === undefined) {
      differences.push({ topic, stamp, reason: 'Expected results for this frame but it gave none.' });
      continue;
    }
    const reason =
      differenceOf(frame.results, found.results, tolerance) ?? regionsDifference(frame, found, tolerance);
    if (reason !== undefined) differences.push({ topic, stamp, reason });
  }
  for (const frames of received.values()) {
    for (const { topic, stamp } of frames) {
      differences.push({ topic, stamp, reason: 'This frame gave results but none were expected.' });
    }
  }
  return differences;
}

function regionsDifference(
  { regions: expected = [] }: FrameResults,
  { regions: actual = [] }: FrameResults,
  tolerance: number,
): string | undefined {
  if (expected.length !== actual.length) {
    return `Expected ${expected.length} regions but received ${actual.length}.`;
  }
  for (const [index, region] of expected.entries()) {
    const found = actual[index];
    if (region.unknown !== found?.unknown) {
      return `Expected region ${index} ${described(region)} but it is ${described(found)}.`;
    }
    const reason = differenceOf(region.results, found?.results ?? [], tolerance);
    if (reason !== undefined) return `Region ${index}: ${reason}`;
  }
  return undefined;
}

const described = (region: RegionResults | undefined): string =>
  region?.unknown === undefined ? 'to be classified' : `UNKNOWN (${region.unknown})`;

const show = (result: ClassResult): string => `${result.label} ${result.score.toFixed(4)}`;

function differenceOf(
  expected: readonly ClassResult[],
  actual: readonly ClassResult[],
  tolerance: number,
): string | undefined {
  const scoreAt = (results: readonly ClassResult[], index: number): number | undefined =>
    results.find((result) => result.index === index)?.score;
  // Upper bound of the score of a class outside the list: the last score, or the rest to 1.
  const mostOutside = (results: readonly ClassResult[]): number =>
    Math.min(
      results.at(-1)?.score ?? 0,
      results.reduce((left, result) => left - result.score, 1),
    );
  const sides = [
    { from: expected, to: actual, verb: 'Expected', other: 'received' },
    { from: actual, to: expected, verb: 'Received', other: 'expected' },
  ];
  for (const { from, to, verb, other } of sides) {
    for (const result of from) {
      const score = scoreAt(to, result.index);
      if (
        score === undefined
          ? result.score - mostOutside(to) > tolerance
          : Math.abs(score - result.score) > tolerance
      ) {
        const instead = score === undefined ? 'no such class' : score.toFixed(4);
        return `${verb} ${show(result)} but ${other} ${instead} (tolerance ${tolerance}).`;
      }
    }
  }
  const [best] = expected;
  const [first] = actual;
  if (best !== undefined && first !== undefined && best.index !== first.index) {
    const gap = Math.abs(best.score - first.score);
    if (gap > tolerance) return `Expected ${show(best)} first but received ${show(first)}.`;
  }
  return undefined;
}
