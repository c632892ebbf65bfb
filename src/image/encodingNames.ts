import { nearestName } from '../core/nearestName.js';
import { RAW_ENCODINGS, type RawEncoding } from './encodingTraits.js';

const OWN_NAMES: ReadonlyMap<string, RawEncoding> = new Map(RAW_ENCODINGS.map((name) => [name, name]));

/** Names of the same layouts elsewhere, in lower case. */
const OTHER_NAMES: ReadonlyMap<string, RawEncoding> = new Map<string, RawEncoding>([
  // OpenCV's types do not name colours; OpenCV and cv_bridge assume BGR.
  ['8uc1', 'mono8'],
  ['8uc3', 'bgr8'],
  ['8uc4', 'bgra8'],
  ['16uc3', 'bgr16'],
  ['16uc4', 'bgra16'],
  // FFmpeg, GStreamer, V4L2 and drivers that follow them.
  ['yuv422_uyvy', 'uyvy'],
  ['uyvy422', 'uyvy'],
  ['yuyv422', 'yuyv'],
  ['yuy2', 'yuyv'],
  ['iyuv', 'i420'],
  ['yu12', 'i420'],
  ['yuv420', 'i420'],
  ['yuv420p', 'i420'],
]);

/** An invalid name can be long. */
const MOST_SHOWN = 40;

/** The layout of an `encoding`, in any case; undefined if it is not supported. */
export function readableEncoding(name: string): RawEncoding | undefined {
  const own = OWN_NAMES.get(name);
  if (own !== undefined) return own;
  const plain = plainName(name);
  return OWN_NAMES.get(plain) ?? OTHER_NAMES.get(plain);
}

/** Distances, not colours: 16UC1 in millimetres, 32FC1 in metres (REP 118), and compressedDepth of either. */
export function isDepthEncoding(name: string): boolean {
  return /^(16uc1|32fc1|64fc1)$/.test(plainName(name));
}

/** The error for an encoding that {@link readableEncoding} does not know, with the setting to change. */
export function encodingProblem(name: string): string {
  const plain = plainName(name);
  if (plain === '') return "names no encoding: set the driver's, such as rgb8 or bgr8";
  if (isDepthEncoding(plain)) {
    return `is depth (${name}), which holds no colours: take the camera's colour topic instead`;
  }
  if (/^(8|16)uc2$/.test(plain)) {
    return `has two channels of unknown meaning (${name}): set the driver to yuv422_yuy2 or uyvy where they are YUV 4:2:2`;
  }
  if (/^(8|16|32|64)[usf]c\d+$/.test(plain)) {
    return `holds values of OpenCV's type ${name}, which are no picture: have the driver send rgb8, bgr8 or mono8`;
  }
  if (/^(h\.?26[45]|hevc|av1|vp[89]|mpeg4)$/.test(plain)) {
    return `holds ${name} video, of which a frame alone is no picture: decode it first (on RDK boards hobot_codec does), or set the camera to jpeg or nv12`;
  }
  const nearest = nearestName(plain, [...OWN_NAMES.keys(), ...OTHER_NAMES.keys()]);
  const hint = nearest === undefined ? 'set the driver to one of' : `did you mean ${nearest}? Known are`;
  return `has the unknown encoding '${name.slice(0, MOST_SHOWN)}': ${hint} ${RAW_ENCODINGS.join(', ')}`;
}

/** Fixed-size messages pad names with NULs, and some drivers with a blank. */
function plainName(name: string): string {
  return name.replaceAll('\0', ' ').trim().toLowerCase();
}
