import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Classifier } from '../classify/Classifier.js';
import type { ClassifierOptionName } from '../classify/classifierOptions.js';
import { packagePath } from '../core/packageRoot.js';
import { isFile } from '../core/readInput.js';
import type { BackendSpec } from '../inference/BackendSpec.js';
import { FileHashes } from '../model/FileHashes.js';
import { compareTexts } from './FleetBag.js';

/** Increment it when the same bag gives other counts than before. */
const RESULT_FORM = 1;

/** Options that affect timing but not the result of a frame; every other one is part of a result's key. */
const NOT_IN_RESULTS: ReadonlySet<ClassifierOptionName> = new Set([
  // The key has the model's content and the chosen backend instead of these two.
  'model',
  'backend',
  'threads',
  'queueSize',
  'dropPolicy',
  'maxAgeMs',
  'ordered',
  'orderTimeoutMs',
  'maxBatch',
  'batchWaitMs',
  'maxFps',
  'inferenceTimeoutMs',
  'bpuCore',
  'bpuPriority',
]);

/** Everything that a result depends on, except the bag. */
export interface RunIdentity {
  readonly form: number;
  readonly command: 'replay' | 'eval';
  /** Version of this package. */
  readonly effvit: string;
  readonly model: {
    readonly name: string;
    /** Hash of the model file; absent for made-up scores. */
    readonly sha256?: string | undefined;
    /** Hash of its input size, normalisation, preprocessing and output. */
    readonly manifestSha256: string;
    /** One per class. */
    readonly labels: readonly string[];
  };
  readonly backend: string;
  readonly runtime: string;
  readonly simulated: boolean;
  /** Image topics; absent: all. */
  readonly topics?: readonly string[] | undefined;
  /** Topics of detectors; of several those of the image topics in their order, which counts then. */
  readonly detections?: readonly string[] | undefined;
  /** The largest difference of a score, if results are compared with expected ones. */
  readonly tolerance?: number | undefined;
  readonly options: Readonly<Record<string, unknown>>;
}

/** What is asked of the run, beside the classifier. */
export type RunRequest = Pick<RunIdentity, 'command' | 'topics' | 'detections' | 'tolerance'>;

/** @throws EffvitError IO_FAILED, CANCELLED */
export async function runIdentity(
  classifier: Classifier,
  { command, topics, detections, tolerance }: RunRequest,
  signal?: AbortSignal,
): Promise<RunIdentity> {
  const { manifest, labels, info, options, backend } = classifier;
  const { input, preprocess, output } = manifest;
  const sha256 = await modelHash(backend, signal);
  const about = JSON.stringify([input, preprocess, output, classifier.preprocess]);
  const named = Object.entries(options)
    .filter(([name]) => !NOT_IN_RESULTS.has(name as ClassifierOptionName))
    .filter(([name]) => info.isSimulated || name !== 'bpuSimResults')
    .sort(([a], [b]) => compareTexts(a, b));
  return {
    form: RESULT_FORM,
    command,
    effvit: packageVersion(),
    model: {
      name: manifest.name,
      sha256,
      manifestSha256: createHash('sha256').update(about).digest('hex'),
      labels,
    },
    backend: info.backend,
    runtime: info.runtime,
    simulated: info.isSimulated,
    topics: (detections?.length ?? 0) > 1 ? topics : topics && [...new Set(topics)].sort(compareTexts),
    detections,
    tolerance,
    options: Object.fromEntries(named),
  };
}

/** The name of the folder that holds a run's results: 16 hexadecimal digits. */
export function runKey(identity: RunIdentity): string {
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16);
}

async function modelHash(backend: BackendSpec, signal?: AbortSignal): Promise<string | undefined> {
  const path = modelPath(backend);
  if (path === undefined) return undefined;
  const hashes = await FileHashes.open();
  let key = await hashes.sha256(path, signal);
  // External weights of an ONNX file.
  const data = `${path}.data`;
  if (await isFile(data)) {
    const both = `${key}${await hashes.sha256(data, signal)}`;
    key = createHash('sha256').update(both).digest('hex');
  }
  await hashes.save();
  return key;
}

function modelPath(backend: BackendSpec): string | undefined {
  switch (backend.kind) {
    case 'onnx':
    case 'bpu':
      return backend.modelPath;
    case 'bpu_sim':
      if (backend.results.kind === 'onnx') return backend.results.spec.modelPath;
      return backend.results.kind === 'exact' ? backend.results.path : undefined;
    case 'module':
      return undefined;
  }
}

function packageVersion(): string {
  return (JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as { version: string }).version;
}
