import { z } from 'zod';
import { EffvitError } from '../../core/EffvitError.js';
import type { CompressedImageFrame, RawImageFrame } from '../../image/ImageFrame.js';

/** ROS 2 writes nanosec, Foxglove nsec, ROS 1 secs and nsecs. */
const time = z
  .object({ sec: z.int32(), secs: z.int32(), nanosec: z.uint32(), nsec: z.uint32(), nsecs: z.uint32() })
  .partial()
  .transform(({ sec, secs, nanosec, nsec, nsecs }) => ({
    sec: sec ?? secs ?? 0,
    nanosec: nanosec ?? nsec ?? nsecs ?? 0,
  }));
/** Base64, or the bytes one by one. */
const bytes = z.union([
  z.string().transform((text) => Buffer.from(text, 'base64')),
  z.array(z.number().int().min(0).max(255)).transform((values) => Uint8Array.from(values)),
]);
const common = z.object({
  header: z.object({ stamp: time, frame_id: z.string().default('') }).optional(),
  timestamp: time.optional(),
  frame_id: z.string().default(''),
  data: bytes,
});
const compressed = common.extend({ format: z.string() });
const raw = common.extend({
  width: z.number(),
  height: z.number(),
  encoding: z.string(),
  step: z.number().default(0),
  is_bigendian: z.union([z.number(), z.boolean()]).default(0),
});

/** A CompressedImage of sensor_msgs or Foxglove as JSON. @throws EffvitError BAD_IMAGE */
export function parseJsonCompressedImage(text: Uint8Array, source: string): CompressedImageFrame {
  const { format, data, ...header } = parsed(compressed, text, source);
  return { kind: 'compressed', ...headerOf(header), source, format, data };
}

/** An Image of sensor_msgs or a RawImage of Foxglove as JSON. @throws EffvitError BAD_IMAGE */
export function parseJsonImage(text: Uint8Array, source: string): RawImageFrame {
  const { encoding, width, height, step, is_bigendian, data, ...header } = parsed(raw, text, source);
  const shape = { widthPx: width, heightPx: height, strideBytes: step, isBigEndian: Boolean(is_bigendian) };
  return { kind: 'raw', ...headerOf(header), source, encoding, ...shape, data };
}

function parsed<Schema extends z.ZodType>(
  schema: Schema,
  text: Uint8Array,
  source: string,
): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(text)));
  } catch (cause) {
    const issue = cause instanceof z.ZodError ? cause.issues[0] : undefined;
    const reason =
      issue === undefined ? 'it does not parse' : `${issue.path.join('.') || 'it'}: ${issue.message}`;
    throw new EffvitError('BAD_IMAGE', `The JSON message on ${source} is no image: ${reason}.`, {
      context: { source },
      cause,
    });
  }
}

function headerOf({ header, timestamp, frame_id }: Omit<z.output<typeof common>, 'data'>) {
  return {
    stamp: header?.stamp ?? timestamp ?? { sec: 0, nanosec: 0 },
    frameId: header?.frame_id ?? frame_id,
  };
}
