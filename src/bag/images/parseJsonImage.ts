import { z } from 'zod';
import { EffvitError } from '../../core/EffvitError.js';
import type { CompressedImageFrame, RawImageFrame } from '../../image/ImageFrame.js';

const seconds = z
  .number()
  .int()
  .min(-(2 ** 31))
  .max(2 ** 31 - 1);
const nanoseconds = z
  .number()
  .int()
  .min(0)
  .max(2 ** 32 - 1);
/** ROS 2 writes nanosec, Foxglove nsec, ROS 1 secs and nsecs. */
const time = z
  .object({ sec: seconds, secs: seconds, nanosec: nanoseconds, nsec: nanoseconds, nsecs: nanoseconds })
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
export function parseJsonCompressedImage(data: Uint8Array, source: string): CompressedImageFrame {
  const message = parsed(compressed, data, source);
  return {
    kind: 'compressed',
    ...headerOf(message),
    source,
    format: message.format,
    data: message.data,
  };
}

/** An Image of sensor_msgs or a RawImage of Foxglove as JSON. @throws EffvitError BAD_IMAGE */
export function parseJsonImage(data: Uint8Array, source: string): RawImageFrame {
  const message = parsed(raw, data, source);
  return {
    kind: 'raw',
    ...headerOf(message),
    source,
    encoding: message.encoding,
    widthPx: message.width,
    heightPx: message.height,
    strideBytes: message.step,
    isBigEndian: Boolean(message.is_bigendian),
    data: message.data,
  };
}

function parsed<Schema extends z.ZodType>(
  schema: Schema,
  data: Uint8Array,
  source: string,
): z.output<Schema> {
  const refuse = (reason: string, cause: unknown): never => {
    throw new EffvitError('BAD_IMAGE', `The JSON message on ${source} is no image: ${reason}.`, {
      context: { source },
      cause,
    });
  };
  let content: unknown;
  try {
    content = JSON.parse(new TextDecoder().decode(data));
  } catch (error) {
    return refuse('it does not parse', error);
  }
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  return refuse(`${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'unknown form'}`, result.error);
}

function headerOf({ header, timestamp, frame_id }: z.output<typeof common>) {
  return {
    stamp: header?.stamp ?? timestamp ?? { sec: 0, nanosec: 0 },
    frameId: header?.frame_id ?? frame_id,
  };
}
