import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { PREPROCESS_RESIZE_MODES } from '../image/PreprocessOptions.js';
import { BPU_CHIPS, BPU_MARCHES } from './BpuChip.js';
import { BPU_INPUT_SOURCES, EFFICIENTVIT_VARIANTS, MAX_TEMPERATURE } from './manifestValues.js';

// Every schema states its expectation in `error`, so that all problems have one sentence form:
// "expected <error> but received <value>".

function table<T extends z.core.$ZodLooseShape>(shape: T): z.ZodObject<T, z.core.$strict> {
  const known = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `known here: ${known}` : 'a table of keys'),
  });
}

function integer(min: number, max: number): z.ZodNumber {
  const error = `a whole number from ${min} to ${max}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

function positive(max: number): z.ZodNumber {
  const error = `a number above 0, at most ${max}`;
  return z.number({ error }).gt(0, { error }).max(max, { error });
}

function fromZero(max: number): z.ZodNumber {
  const error = `a number from 0 to ${max}`;
  return z.number({ error }).min(0, { error }).max(max, { error });
}

function oneOf<const T extends readonly string[]>(values: T) {
  return z.enum(values, { error: `one of ${values.join(', ')}` });
}

function text(maxLength: number): z.ZodString {
  const error = `a text of 1 to ${maxLength} characters`;
  return z.string({ error }).trim().min(1, { error }).max(maxLength, { error });
}

function triple(min: number, max: number) {
  const error = `three numbers from ${min} to ${max}`;
  const channel = z.number({ error }).min(min, { error }).max(max, { error });
  return z.tuple([channel, channel, channel], { error });
}

const side = integer(16, 4096);

const count = integer(1, Number.MAX_SAFE_INTEGER);

const percent = fromZero(100);

const webUrl = z.url({ protocol: /^https?$/, error: 'an http or https address' });

/** A file name without a path, so that a downloaded manifest cannot leave its folder. */
const PLAIN_NAME = /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}$/;

const fileFields = {
  /** A name inside the model's folder or the cache, or an absolute path. */
  file: text(1024),
  url: webUrl.optional(),
  /** Exact length, if it is known. */
  length_bytes: count.optional(),
  sha256: z
    .string({ error: '64 hexadecimal digits' })
    .regex(/^[0-9a-fA-F]{64}$/, { error: '64 hexadecimal digits' })
    .toLowerCase()
    .optional(),
};

function checkFileName(source: { file: string; url?: string | undefined }): boolean {
  if (source.url !== undefined) return PLAIN_NAME.test(source.file);
  return isAbsolute(source.file) || !source.file.split(/[/\\]/).includes('..');
}

const FILE_NAME_ERROR = {
  path: ['file'],
  error:
    'a plain file name (letters, digits, ._+-) where a url is given, else a path that stays in the folder or is absolute',
};

const fileSource = table(fileFields).refine(checkFileName, FILE_NAME_ERROR);

/** A list of tables, each batch once, in ascending order. */
function byBatch<T extends z.ZodType<{ batch: number }>>(entry: T, error: string) {
  return z
    .array(entry, { error })
    .refine(
      (entries) =>
        entries.every(({ batch }, index) => index === 0 || batch > (entries[index - 1]?.batch ?? 0)),
      { error: 'each batch once, the smallest first' },
    );
}

/** The largest batch that a manifest may name. */
const MAX_BATCH = 256;

const bpuSource = table({
  ...fileFields,
  march: oneOf(BPU_MARCHES),
  /** Absent: pyramid. */
  input_source: oneOf(BPU_INPUT_SOURCES).optional(),
  /** The same network at several batches (pictures that one task takes), each by its name in the file; absent: one model, of batch 1. */
  models: byBatch(
    table({ batch: integer(1, MAX_BATCH), name: text(200) }),
    'a list of models with batch and name',
  )
    .min(1, { error: 'at least one model' })
    .optional(),
}).refine(checkFileName, FILE_NAME_ERROR);

/** What a task moves to and from memory, and what it takes its time with, by the compiler. */
const memoryFields = {
  /** Bytes of one frame. */
  ddr_bytes: count.optional(),
  bound_by: oneOf(['computing', 'DDR']).optional(),
};

const deviceModel = table({
  /** BPU cores, each of which serves one task at a time. */
  cores: integer(1, 64),
  /** Time one core is busy with one frame, milliseconds. */
  service_ms: fromZero(60_000),
  /** Time the calling thread adds around it, milliseconds. */
  host_ms: fromZero(60_000),
  /** Source of the times: measured on a board and published, or estimated by the compiler; absent: not stated. */
  kind: oneOf(['published', 'estimate']).optional(),
  ...memoryFields,
  /** Tasks of more than one frame; service_ms: time one core is busy with the whole task. Absent: there are none. */
  batches: byBatch(
    table({ batch: integer(2, MAX_BATCH), service_ms: fromZero(60_000), ...memoryFields }),
    'a list of batch and service_ms',
  ).optional(),
});

const publishedFigures = table({
  /** Who published the figures. */
  source: text(400),
  /** ImageNet-1k top-1 in percent, float model. */
  top1_float_percent: percent.optional(),
  /** ImageNet-1k top-1 in percent, the compiled model. */
  top1_quantized_percent: percent.optional(),
  single_thread_latency_ms: positive(60_000).optional(),
  multi_thread_latency_ms: positive(60_000).optional(),
  multi_thread_count: integer(1, 64).optional(),
  /** Highest throughput with any number of threads, frames a second. */
  max_fps: positive(1e6).optional(),
});

const quantizedFigures = table({
  /** Name of the float model. */
  of: text(64),
  pictures: count,
  top1_float_percent: percent,
  top1_int8_percent: percent,
  /** Float time over int8 time, on the machine that quantised it. */
  speedup: positive(1000).optional(),
});

/** A file, or a builder with its variant; one table for both, so that a misspelt key is reported in either form. */
const onnxSource = table({
  ...fileFields,
  file: fileFields.file.optional(),
  builder: oneOf(['efficientvit']).optional(),
  variant: oneOf(EFFICIENTVIT_VARIANTS).optional(),
})
  .refine((source) => (source.file === undefined) === (source.builder !== undefined), {
    error: 'either `file`, or `builder` and `variant`',
  })
  .refine((source) => (source.builder === undefined) === (source.variant === undefined), {
    path: ['variant'],
    error: `one of ${EFFICIENTVIT_VARIANTS.join(', ')}, together with \`builder\``,
  })
  .refine(({ file, url }) => file === undefined || checkFileName({ file, url }), FILE_NAME_ERROR);

function byChip<T extends z.ZodType>(value: T) {
  const [x5, x3] = BPU_CHIPS;
  return table({ [x5]: value.optional(), [x3]: value.optional() } as {
    [x5]: z.ZodOptional<T>;
    [x3]: z.ZodOptional<T>;
  });
}

/** The keys of manifest.yaml; unknown keys are refused. Keys that can follow from the graph have no default here. */
export const manifestSchema = table({
  name: z
    .string({ error: 'a name' })
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, { error: 'lower-case letters, digits, ., _ and - (at most 64)' })
    .optional(),
  title: text(200).optional(),
  description: text(4000).default(''),
  licence: text(100).default('unknown'),
  sources: z.array(webUrl, { error: 'a list of addresses' }).default([]),
  input: table({
    name: text(200).optional(),
    width_px: side.optional(),
    height_px: side.optional(),
    layout: oneOf(['nchw', 'nhwc']).optional(),
    color: oneOf(['rgb', 'bgr', 'nv12']).optional(),
    mean: triple(0, 255).optional(),
    scale: triple(1e-6, 1e3).optional(),
  }).prefault({}),
  preprocess: table({
    resize_mode: oneOf(PREPROCESS_RESIZE_MODES).default('crop'),
    resize_short_side_px: integer(16, 8192).optional(),
    pad_value: integer(0, 255).default(127),
    range: oneOf(['full', 'limited']).default('full'),
  }).prefault({}),
  output: table({
    name: text(200).optional(),
    class_count: integer(2, 100_000).optional(),
    activation: oneOf(['logits', 'probabilities']).optional(),
    temperature: positive(MAX_TEMPERATURE).optional(),
  }).prefault({}),
  labels: text(200).optional(),
  files: table({
    weights: fileSource.optional(),
    onnx: onnxSource.optional(),
    onnx_int8: fileSource.optional(),
    bpu: byChip(bpuSource).prefault({}),
    bpu_quantized: byChip(fileSource).prefault({}),
  }).prefault({}),
  device_model: byChip(deviceModel).prefault({}),
  published: byChip(publishedFigures).prefault({}),
  quantized: quantizedFigures.optional(),
  parameter_count: count.optional(),
  mac_count: count.optional(),
});

export type ManifestYaml = z.output<typeof manifestSchema>;
