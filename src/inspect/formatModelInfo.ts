import type { GraphFacts } from '../fit/graphFacts.js';
import type { DeviceModel } from '../model/ModelManifest.js';
import type { BpuFileInfo } from '../model/readBpuFile.js';
import type { ModelInfo } from './inspectModel.js';
import type { ModelFileInfo } from './inspectModelFile.js';
import type { OnnxFileInfo } from './inspectOnnx.js';
import type { WeightFileInfo } from './inspectWeights.js';

type Row = readonly [name: string, value: string];

/** A name and a value each, two spaces between. */
function lines(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd()).join('\n');
}

/** The info as lines for people. */
export function formatModelInfo(info: ModelFileInfo): string {
  const size = `${(info.lengthBytes / 1e6).toFixed(1)} MB`;
  return lines([['file', info.path], ['size', size], ...rowsOf(info)]);
}

/** The model in lines for people: itself first, then each of its files after an empty line. */
export function formatModel(model: ModelInfo): string {
  const times = Object.entries(model.deviceModels);
  const rows: Row[] = [
    ['model', model.name],
    ['title', model.title],
    ['licence', model.licence],
    ...(model.folder === undefined ? [] : [['folder', model.folder] as const]),
    ...times.map(([chip, device]): Row => [`times on ${chip}`, spellTimes(device)]),
  ];
  return [
    lines(rows),
    ...model.files.map((file) =>
      'info' in file
        ? `${file.what}:\n${formatModelInfo(file.info)}`
        : `${file.what}: not on this machine, ${file.remedy}`,
    ),
  ].join('\n\n');
}

/** `2.810 ms for 1 frame, 4.998 ms for 4 frames (the compiler's estimate)`. */
function spellTimes({ serviceMs, batches = [], kind }: DeviceModel): string {
  const times = [{ batch: 1, serviceMs }, ...batches].map(
    (one) => `${one.serviceMs.toFixed(3)} ms for ${one.batch} frame${one.batch === 1 ? '' : 's'}`,
  );
  const source =
    kind === 'estimate' ? " (the compiler's estimate)" : kind === 'published' ? ' (published)' : '';
  return `${times.join(', ')}${source}`;
}

function rowsOf(info: ModelFileInfo): Row[] {
  switch (info.kind) {
    case 'onnx':
      return onnxRows(info);
    case 'safetensors':
    case 'pytorch':
      return weightRows(info);
    case 'ort':
      return [['format', `ONNX Runtime's own (.ort), version ${info.formatVersion}`]];
    case 'bpu': {
      const { march, chip, modelNames, settings } = info;
      return [
        ['format', 'compiled BPU model (.bin)'],
        ['march', march === undefined ? 'not stated' : `${march} (${chip ?? 'no chip known here'})`],
        ['models', modelNames.length === 0 ? 'not stated' : modelList(info)],
        ...Object.entries(settings).map(([key, value]): Row => [key.toLowerCase(), value]),
      ];
    }
  }
}

/** `m (batch 1), m_batch4 (batch 4)`. */
function modelList({ modelNames, batches }: BpuFileInfo): string {
  return modelNames
    .map((name) => (batches[name] === undefined ? name : `${name} (batch ${batches[name]})`))
    .join(', ');
}

function onnxRows(info: OnnxFileInfo): Row[] {
  return [
    ['format', `ONNX, IR version ${info.irVersion}, opset ${info.opsets.join(', ')}`],
    ['producer', info.producer === '' ? 'not stated' : info.producer],
    ...info.inputs.map((value): Row => ['input', spellPort(value)]),
    ...info.outputs.map((value): Row => ['output', spellPort(value)]),
    ...factRows(info.facts),
    ['parameters', millions(info.parameterCount)],
    ['MACs', info.macCount === null ? 'unknown (the file states no shapes)' : millions(info.macCount)],
    ['quantised', spellQuantization(info)],
    ['nodes', String(info.nodeCount)],
    ['operators', info.operators.map(({ opType, count }) => `${opType} ${count}`).join(', ')],
    ...metadataRows(info.metadata),
  ];
}

function metadataRows(metadata: Readonly<Record<string, string>>): Row[] {
  return Object.entries(metadata).map(([key, value]) => [
    `metadata ${key}`,
    value.replaceAll(/\s*\n\s*/g, ' | '),
  ]);
}

function factRows({ input, outputs, labels }: GraphFacts): Row[] {
  const rows: Row[] = [];
  if (input !== undefined) {
    const normalises =
      input.pixelRange === 'unknown'
        ? 'as in training, which the graph does not say'
        : `${input.pixelRange}, normalised by the graph itself`;
    rows.push(['picture', input.color === 'nv12' ? 'NV12' : `${input.layout.toUpperCase()}, 3 channels`]);
    if (input.color !== 'nv12') rows.push(['pixels', normalises]);
  }
  for (const { name, classCount, activation } of outputs) {
    const count = classCount === undefined ? '' : `${classCount} `;
    rows.push([
      'scores',
      `${name}: ${count}${activation.kind} (its last operator is ${activation.operator})`,
    ]);
  }
  if (labels !== undefined) rows.push(['labels', `${labels.length} in its metadata: ${shortened(labels)}`]);
  return rows;
}

function shortened(labels: readonly string[]): string {
  return labels.length > 5 ? `${labels.slice(0, 5).join(', ')}, ...` : labels.join(', ');
}

function weightRows({ kind, tensors, elementsByDtype, ...info }: WeightFileInfo): Row[] {
  const types = Object.entries(elementsByDtype).map(([dtype, count]) => `${dtype} ${millions(count)}`);
  const { efficientVit: model } = info;
  return [
    ['format', kind === 'safetensors' ? 'safetensors' : 'PyTorch checkpoint'],
    ['tensors', String(tensors.length)],
    ['elements', types.join(', ')],
    ['parameters', millions(info.parameterCount)],
    [
      'model',
      model === null
        ? 'not an EfficientViT of M0 to M5'
        : `efficientvit_${model.variant}, ${model.classCount} classes`,
    ],
    ...metadataRows(info.metadata),
  ];
}

function spellPort({ name, dataType, shape }: OnnxFileInfo['inputs'][number]): string {
  const dims = shape === null ? 'unknown shape' : `[${shape.map((length) => length ?? '?').join(', ')}]`;
  return `${name}: ${dataType ?? 'no tensor'} ${dims}`;
}

function spellQuantization({ quantization }: OnnxFileInfo): string {
  const counts = (what: string, types: Readonly<Record<string, number>>): string[] => {
    const texts = Object.entries(types).map(([type, count]) => `${type} ${count}`);
    return texts.length === 0 ? [] : [`${what} ${texts.join(', ')}`];
  };
  const how = {
    none: 'no',
    qdq: 'yes, QuantizeLinear and DequantizeLinear pairs',
    integer: 'yes, integer operators',
    weights: 'weights only',
  }[quantization.kind];
  const { weightTypes, activationTypes } = quantization;
  return [how, ...counts('weights', weightTypes), ...counts('activations', activationTypes)].join('; ');
}

/** In full below ten thousand, else in millions. */
function millions(count: number): string {
  return count < 10_000 ? String(count) : `${(count / 1e6).toFixed(2)} M`;
}
