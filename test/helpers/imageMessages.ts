import { CdrWriter, EncapsulationKind } from '@foxglove/cdr';

export interface ImageFields {
  sec?: number;
  nanosec?: number;
  frameId?: string;
  heightPx?: number;
  widthPx?: number;
  encoding?: string;
  isBigEndian?: number;
  strideBytes?: number;
  data?: Uint8Array;
}

export interface CompressedImageFields {
  sec?: number;
  nanosec?: number;
  frameId?: string;
  format?: string;
  data?: Uint8Array;
}

function header(writer: CdrWriter, { sec = 0, nanosec = 0, frameId = '' }: ImageFields): void {
  writer.int32(sec).uint32(nanosec);
  utf8String(writer, frameId);
}

/** CdrWriter.string counts UTF-16 units where CDR counts bytes. */
function utf8String(writer: CdrWriter, text: string): void {
  const bytes = new TextEncoder().encode(text);
  writer.uint32(bytes.byteLength + 1);
  writer.uint8Array(bytes).uint8(0);
}

/** A serialised sensor_msgs/msg/Image, made by a library that is not the one under test. */
export function imageCdr(fields: ImageFields = {}, kind = EncapsulationKind.CDR_LE): Uint8Array {
  const writer = new CdrWriter({ kind });
  header(writer, fields);
  const { heightPx = 1, widthPx = 1, encoding = 'mono8', isBigEndian = 0 } = fields;
  const { strideBytes = widthPx, data = new Uint8Array(strideBytes * heightPx) } = fields;
  writer.uint32(heightPx).uint32(widthPx);
  utf8String(writer, encoding);
  writer.uint8(isBigEndian).uint32(strideBytes).uint32(data.byteLength).uint8Array(data);
  return writer.data;
}

/** A serialised sensor_msgs/msg/CompressedImage. */
export function compressedImageCdr(
  fields: CompressedImageFields = {},
  kind = EncapsulationKind.CDR_LE,
): Uint8Array {
  const writer = new CdrWriter({ kind });
  header(writer, fields);
  const { format = 'jpeg', data = new Uint8Array(0) } = fields;
  utf8String(writer, format);
  writer.uint32(data.byteLength).uint8Array(data);
  return writer.data;
}
