import protobuf from 'protobufjs/light.js';
import { EffvitError } from '../../core/EffvitError.js';
import type { CompressedImageFrame, FrameHeader, RawImageFrame } from '../../image/ImageFrame.js';
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

interface Common extends FrameHeader {
  readonly data: Uint8Array;
}

interface CompressedImage {
  readonly format: string;
}

interface RawImage {
  readonly width: number;
  readonly height: number;
  readonly encoding: string;
  readonly step: number;
}

/** A foxglove.CompressedImage in protobuf. @throws EffvitError BAD_IMAGE */
export function parseFoxgloveCompressedImageProtobuf(
  bytes: Uint8Array,
  source: string,
): CompressedImageFrame {
  const [common, { format }] = decode<CompressedImage>('CompressedImage', bytes, source);
  return { kind: 'compressed', ...common, format };
}

/** A foxglove.CompressedVideo in protobuf. @throws EffvitError BAD_IMAGE */
export function parseFoxgloveCompressedVideoProtobuf(bytes: Uint8Array, source: string): VideoPacket {
  const [common, { format }] = decode<CompressedImage>('CompressedVideo', bytes, source);
  return { ...common, codec: videoCodec(format, source) };
}

/** A foxglove.RawImage in protobuf. @throws EffvitError BAD_IMAGE */
export function parseFoxgloveRawImageProtobuf(bytes: Uint8Array, source: string): RawImageFrame {
  const [common, { encoding, width, height, step }] = decode<RawImage>('RawImage', bytes, source);
  const size = { widthPx: width, heightPx: height, strideBytes: step };
  // Foxglove's schema says little endian.
  return { kind: 'raw', ...common, encoding, ...size, isBigEndian: false };
}

interface Decoded {
  readonly timestamp: { readonly seconds: unknown; readonly nanos: number } | null;
  readonly frameId: string;
  readonly data: Uint8Array;
}

/** The fields that all of them have, and those of this type. */
function decode<Fields>(type: string, bytes: Uint8Array, source: string): readonly [Common, Fields] {
  try {
    const message = root.lookupType(type).decode(bytes) as unknown as Decoded & Fields;
    const { timestamp, frameId, data } = message;
    // An int64 is an object of two halves, or a number.
    const stamp = { sec: Number(timestamp?.seconds ?? 0) | 0, nanosec: (timestamp?.nanos ?? 0) >>> 0 };
    // An absent field is a plain empty array, not a Uint8Array.
    return [{ stamp, frameId, source, data: data.length === 0 ? new Uint8Array(0) : data }, message];
  } catch (error) {
    throw new EffvitError(
      'BAD_IMAGE',
      `The foxglove ${type} message on ${source} is no protobuf of that type (${(error as Error).message}).`,
      { context: { source }, cause: error },
    );
  }
}
