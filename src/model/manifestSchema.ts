import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { PREPROCESS_RESIZE_MODES } from '../image/PreprocessOptions.js';
import { BPU_CHIPS, BPU_MARCHES } from './BpuChip.js';
import {
  BOUNDS,
  BPU_INPUT_SOURCES,
  DEVICE_FIGURE_KINDS,
  EFFICIENTVIT_VARIANTS,
  MAX_BATCH,
  MAX_TEMPERATURE,
} from './ModelManifest.js';

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

const webUrl = z.url({ protocol: /^https?$/, error: 'an http or https address' });

/** A file name without a path, so that a downloaded manifest cannot leave its folder. */
const PLAIN_NAME = /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}$/;

const fileFields = {
  file: text(1024),
  url: webUrl.optional(),
  length_bytes: integer(1, Number.MAX_SAFE_INTEGER).optional(),
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

/** Each batch once, in ascending order. */
function isAscending(entries: readonly { readonly batch: number }[]): boolean {
  return entries.every(({ batch }, index) => index === 0 || batch > (entries[index - 1]?.batch ?? 0));
}

const bpuSource = table({
  ...fileFields,
  march: oneOf(BPU_MARCHES),
  input_source: oneOf(BPU_INPUT_SOURCES).optional(),
  models: z
    .array(table({ batch: integer(1, MAX_BATCH), name: text(200) }), {
      error: 'a list of models with batch and name',
    })
    .min(1, { error: 'at least one model' })
    .refine(isAscending, { error: 'each batch once, the smallest first' })
    .optional(),
}).refine(checkFileName, FILE_NAME_ERROR);

const deviceModel = table({
  cores: integer(1, 64),
  service_ms: fromZero(60_000),
  host_ms: fromZero(60_000),
  kind: oneOf(DEVICE_FIGURE_KINDS).optional(),
  ddr_bytes: integer(1, Number.MAX_SAFE_INTEGER).optional(),
  bound_by: oneOf(BOUNDS).optional(),
  batches: z
    .array(
      table({
        batch: integer(2, MAX_BATCH),
        service_ms: fromZero(60_000),
        ddr_bytes: integer(1, Number.MAX_SAFE_INTEGER).optional(),
        bound_by: oneOf(BOUNDS).optional(),
      }),
      { error: 'a list of batch and service_ms' },
    )
    .refine(isAscending, { error: 'each batch once, the smallest first' })
    .optional(),
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

const percent = z.number({ error: 'a number from 0 to 100' }).min(0).max(100);

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
  published: byChip(
    table({
      source: text(400),
      top1_float_percent: percent.optional(),
      top1_quantized_percent: percent.optional(),
      single_thread_latency_ms: positive(60_000).optional(),
      multi_thread_latency_ms: positive(60_000).optional(),
      multi_thread_count: integer(1, 64).optional(),
      max_fps: positive(1e6).optional(),
    }),
  ).prefault({}),
  quantized: table({
    of: text(64),
    pictures: integer(1, Number.MAX_SAFE_INTEGER),
    top1_float_percent: percent,
    top1_int8_percent: percent,
    speedup: positive(1000).optional(),
  }).optional(),
  parameter_count: integer(1, Number.MAX_SAFE_INTEGER).optional(),
  mac_count: integer(1, Number.MAX_SAFE_INTEGER).optional(),
});

export type ManifestYaml = z.output<typeof manifestSchema>;
