import protobuf from 'protobufjs/light.js';
import { EffvitError } from '../../core/EffvitError.js';
import type { CompressedImageFrame, RawImageFrame } from '../../image/ImageFrame.js';
import { type VideoPacket, videoCodec } from '../../video/VideoPacket.js';

/** Fields by name and type, numbered from 1 in their order. */
const message = (fields: Readonly<Record<string, string>>): protobuf.IType => ({
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, type], index) => [name, { type, id: index + 1 }]),
  ),
});

/** The used fields of github.com/foxglove/foxglove-sdk, schemas/proto; others are skipped. */
const root = protobuf.Root.fromJSON({
  nested: {
    Timestamp: message({ seconds: 'int64', nanos: 'int32' }),
    CompressedImage: message({ timestamp: 'Timestamp', data: 'bytes', format: 'string', frameId: 'string' }),
    CompressedVideo: message({ timestamp: 'Timestamp', frameId: 'string', data: 'bytes', format: 'string' }),
    RawImage: message({
      timestamp: 'Timestamp',
      width: 'fixed32',
      height: 'fixed32',
      encoding: 'string',
      step: 'fixed32',
      data: 'bytes',
      frameId: 'string',
    }),
  },
});

interface Common {
  readonly timestamp: { readonly seconds: unknown; readonly nanos: number } | null;
  readonly frameId: string;
  readonly data: Uint8Array;
}

type CompressedImage = Common & { readonly format: string };

type RawImage = Common & {
  readonly width: number;
  readonly height: number;
  readonly encoding: string;
  readonly step: number;
};

/** A foxglove.CompressedImage in protobuf. @throws EffvitError BAD_IMAGE */
export function parseFoxgloveCompressedImageProtobuf(
  bytes: Uint8Array,
  source: string,
): CompressedImageFrame {
  const message = decode<CompressedImage>('CompressedImage', bytes, source);
  return { kind: 'compressed', ...headerOf(message), source, format: message.format, data: dataOf(message) };
}

/** A foxglove.CompressedVideo in protobuf. @throws EffvitError BAD_IMAGE */
export function parseFoxgloveCompressedVideoProtobuf(bytes: Uint8Array, source: string): VideoPacket {
  const message = decode<CompressedImage>('CompressedVideo', bytes, source);
  const codec = videoCodec(message.format, source);
  return { ...headerOf(message), source, codec, data: dataOf(message) };
}

/** A foxglove.RawImage in protobuf. @throws EffvitError BAD_IMAGE */
export function parseFoxgloveRawImageProtobuf(bytes: Uint8Array, source: string): RawImageFrame {
  const message = decode<RawImage>('RawImage', bytes, source);
  return {
    kind: 'raw',
    ...headerOf(message),
    source,
    encoding: message.encoding,
    widthPx: message.width,
    heightPx: message.height,
    strideBytes: message.step,
    // Foxglove's schema says little endian.
    isBigEndian: false,
    data: dataOf(message),
  };
}

function decode<Message extends Common>(type: string, bytes: Uint8Array, source: string): Message {
  try {
    return root.lookupType(type).decode(bytes) as unknown as Message;
  } catch (error) {
    throw new EffvitError(
      'BAD_IMAGE',
      `The foxglove ${type} message on ${source} is no protobuf of that type (${(error as Error).message}).`,
      { context: { source }, cause: error },
    );
  }
}

/** An absent field is a plain empty array, not a Uint8Array. */
function dataOf({ data }: Common): Uint8Array {
  return data.length === 0 ? new Uint8Array(0) : data;
}

function headerOf({ timestamp, frameId }: Common) {
  // An int64 is an object of two halves, or a number.
  return {
    stamp: { sec: Number(timestamp?.seconds ?? 0) | 0, nanosec: (timestamp?.nanos ?? 0) >>> 0 },
    frameId,
  };
}
