import { fillOptions, type OptionTable, type OptionValues } from '../core/optionTable.js';
import { PREPROCESS_FILTERS, PREPROCESS_RESIZE_MODES, RESIZE_ON } from '../image/PreprocessOptions.js';
import { parseRoi, ROI_FORMAT } from '../image/Roi.js';
import { MAX_TEMPERATURE } from '../model/ModelManifest.js';
import { DROP_POLICIES } from '../pool/FrameQueue.js';
import { MAX_BATCH, MAX_BATCH_WAIT_MS, MAX_THREADS } from '../pool/PoolOptions.js';
import { MAX_REGIONS } from '../pool/RegionRecord.js';
import { KNOWN_SCORES } from './calibration/knownScore.js';
import { SMOOTHING_METHODS } from './smoothing/SmoothedStream.js';

/**
 * All classification options. The library's options, the command line's flags (`--top-k` for `topK`) and the node's ROS
 * parameters (`top_k`) are generated from these rows.
 */
export const CLASSIFIER_OPTIONS = {
  model: {
    type: 'string',
    defaultValue: 'auto',
    description:
      'Name of a model, a folder with a manifest.yaml, or an .onnx or .bin file; auto is efficientvit_m5 if its files were pulled, else the bundled efficientvit_m5_signs. On a CPU, auto uses the int8 model NAME_int8 if its measured loss is at most 0.3 points of top-1.',
    change: 'live',
  },
  backend: {
    type: 'string',
    defaultValue: 'auto',
    choices: ['auto', 'onnx', 'bpu', 'bpu_sim'],
    description:
      'Where inference runs; auto is bpu if libdnn.so loads and the model has a .bin for this chip, else onnx. bpu_sim is a simulation.',
    change: 'live',
  },
  threads: {
    type: 'integer',
    defaultValue: 2,
    range: { min: 1, max: MAX_THREADS },
    description:
      'Inference worker threads; on a CPU at most its number of cores. On a BPU, 4 keep it busy and 8 reach its maximum.',
    change: 'live',
  },
  intraOpThreads: {
    type: 'integer',
    defaultValue: 1,
    range: { min: 1, max: 16 },
    description:
      'Threads of ONNX Runtime per frame; only on the CPU. More threads reduce latency while cores are idle; without idle cores they increase latency and reduce throughput.',
    change: 'restart',
  },
  onnxBatch: {
    type: 'integer',
    defaultValue: 1,
    range: { min: 1, max: 8 },
    description:
      'Most waiting frames that ONNX Runtime computes per run; only on the CPU. More than 1 increases the throughput when frames wait, and the latency of each; the scores stay the same to the last bit, which loading checks.',
    change: 'restart',
  },
  topK: {
    type: 'integer',
    defaultValue: 5,
    range: { min: 1, max: 1000 },
    description: 'Results per frame, best first; fewer when the model has fewer classes.',
    change: 'live',
  },
  scoreThreshold: {
    type: 'double',
    defaultValue: 0,
    range: { min: 0, max: 1 },
    description:
      'Results with a smaller score are left out; a frame without remaining results is published empty.',
    change: 'live',
  },
  temperature: {
    type: 'double',
    defaultValue: 0,
    range: { min: 0, max: MAX_TEMPERATURE },
    description:
      'Divisor of the logits before the softmax, which calibrates the scores (effvit eval --calibrate); 0 is the temperature of the manifest, 1 changes nothing.',
    change: 'live',
  },
  pictureChecks: {
    type: 'string',
    defaultValue: 'none',
    choices: ['none', 'report', 'unknown'],
    description:
      'Measures pictures (brightness, contrast, sharpness, covered, frozen): report shows problems in ~/frames and /diagnostics; unknown also makes a frame with a problem UNKNOWN, without results.',
    change: 'live',
  },
  minBrightness: {
    type: 'double',
    defaultValue: 20,
    range: { min: 0, max: 255 },
    description:
      'With picture_checks: a picture with a smaller mean luma is too dark; 0 turns the check off.',
    change: 'live',
  },
  maxBrightness: {
    type: 'double',
    defaultValue: 235,
    range: { min: 0, max: 255 },
    description:
      'With picture_checks: a picture with a larger mean luma is too bright; 255 turns the check off.',
    change: 'live',
  },
  minContrast: {
    type: 'double',
    defaultValue: 10,
    range: { min: 0, max: 128 },
    description:
      'With picture_checks: a picture with a smaller standard deviation of the luma has too low a contrast (fog, a dirty lens); 0 turns the check off.',
    change: 'live',
  },
  minSharpness: {
    type: 'double',
    defaultValue: 20,
    range: { min: 0, max: 1e6 },
    description:
      "With picture_checks: a picture with a smaller variance of the Laplacian, at the size of the network's input, is blurred; 0 turns the check off.",
    change: 'live',
  },
  maxFlatShare: {
    type: 'double',
    defaultValue: 0.9,
    range: { min: 0, max: 1 },
    description:
      "With picture_checks: a picture with a larger share of tiles without contrast (32 by 32 pixels of the network's input) is covered; 1 turns the check off.",
    change: 'live',
  },
  maxUnchangedMs: {
    type: 'double',
    defaultValue: 2000,
    range: { min: 0, max: 600_000 },
    description:
      'With picture_checks: a camera that sends the same content for longer, by its stamps, is frozen; 0 turns the check off, e.g. for a simulator with a still scene.',
    change: 'live',
  },
  knownScore: {
    type: 'string',
    defaultValue: 'none',
    choices: ['none', ...KNOWN_SCORES],
    description:
      'Score to detect frames that show none of the classes: energy (the logarithm of the sum of the exponentials of all logits) or max_logit (the largest logit). A frame below known_score_threshold is UNKNOWN, without results.',
    change: 'live',
  },
  knownScoreThreshold: {
    type: 'double',
    defaultValue: 0,
    range: { min: -1e6, max: 1e6 },
    description:
      'With known_score: a frame with a smaller score is UNKNOWN; effvit eval shows the scores of labelled pictures.',
    change: 'live',
  },
  smoothing: {
    type: 'string',
    defaultValue: 'none',
    choices: ['none', ...SMOOTHING_METHODS],
    description:
      'Smooths the results of each camera over time, with detections those of each id in it, in addition to the raw ones: exponential averages the scores, majority counts the frames in which each class was best, hysteresis averages nothing. With all of them a class is held until another leads by hysteresis_margin for hysteresis_time_ms.',
    change: 'live',
  },
  smoothingTimeMs: {
    type: 'double',
    defaultValue: 500,
    range: { min: 1, max: 600_000 },
    description:
      'Time constant of the exponential average (after this time a new class has 63 % of its score), and window of the majority, by the stamps of the images.',
    change: 'live',
  },
  smoothingGapMs: {
    type: 'double',
    defaultValue: 2000,
    range: { min: 1, max: 600_000 },
    description:
      'Smoothing restarts after a longer time without a frame, by the stamps of the images, and after stamps that go back.',
    change: 'live',
  },
  hysteresisMargin: {
    type: 'double',
    defaultValue: 0.1,
    range: { min: 0, max: 1 },
    description: 'With smoothing: how far the score of another class must lead before the class changes.',
    change: 'live',
  },
  hysteresisTimeMs: {
    type: 'double',
    defaultValue: 200,
    range: { min: 0, max: 600_000 },
    description:
      'With smoothing: how long another class must lead by hysteresis_margin before the class changes.',
    change: 'live',
  },
  resizeMode: {
    type: 'string',
    defaultValue: 'model',
    choices: ['model', ...PREPROCESS_RESIZE_MODES],
    description:
      'How a frame becomes 224x224: as the manifest of the model says, stretched, short side resized and centre cropped, or letterboxed.',
    change: 'live',
  },
  resizeFilter: {
    type: 'string',
    defaultValue: 'auto',
    choices: PREPROCESS_FILTERS,
    description:
      'Filter for resizing: bilinear is fastest but skips pixels, antialias is that of Pillow and torchvision, area averages; auto is area when shrinking by more than 2, else antialias.',
    change: 'live',
  },
  resizeOn: {
    type: 'string',
    defaultValue: 'auto',
    choices: RESIZE_ON,
    description:
      'Where nv12 frames are cropped and scaled for a .bin that was compiled with --input-source resizer: cpu, bpu (on the chip: bilinear, shrinks by less than 4), or auto (on the chip if it can do all of it). The CPU does the rest.',
    change: 'live',
  },
  roi: {
    type: 'string',
    defaultValue: '',
    format: { expected: ROI_FORMAT, isMet: (text) => parseRoi(text) !== 'malformed' },
    description:
      'The part of every frame that is classified: x,y,width,height in pixels, or in fractions of the frame if all four are at most 1; empty is the whole frame.',
    change: 'live',
  },
  maxRegions: {
    type: 'integer',
    defaultValue: 20,
    range: { min: 1, max: MAX_REGIONS },
    description:
      'With the boxes of a detector: most boxes that are classified per frame, the largest first; the others become UNKNOWN.',
    change: 'live',
  },
  regionMargin: {
    type: 'double',
    defaultValue: 0,
    range: { min: 0, max: 2 },
    description:
      'With the boxes of a detector: each side of a box is extended by this fraction of its width or height, then clipped to the frame.',
    change: 'live',
  },
  detectionsSlopMs: {
    type: 'double',
    defaultValue: 0,
    range: { min: 0, max: 10_000 },
    description:
      'With the boxes of a detector: largest difference between the stamps of a frame and its detections; the nearest frame is used. 0 requires equal stamps.',
    change: 'live',
  },
  detectionsWaitMs: {
    type: 'double',
    defaultValue: 500,
    range: { min: 1, max: 60_000 },
    description:
      'With the boxes of a detector: how long a frame and its detections wait for each other; after that the frame is dropped as unmatched.',
    change: 'live',
  },
  detectionsBuffer: {
    type: 'integer',
    defaultValue: 10,
    range: { min: 1, max: 200 },
    description:
      'With the boxes of a detector: most frames that wait for their detections, and most detector messages that wait for their frame. A waiting frame retains its memory.',
    change: 'live',
  },
  detectionsHypotheses: {
    type: 'string',
    defaultValue: 'replace',
    choices: ['replace', 'append'],
    description:
      "With the boxes of a detector: the published classes of a box replace the detector's own hypotheses, or are appended to them.",
    change: 'live',
  },
  nv12Range: {
    type: 'string',
    defaultValue: 'model',
    choices: ['model', 'full', 'limited'],
    description: 'BT.601 range of the NV12 input of the model; model is the range of its manifest.',
    change: 'restart',
  },
  sourceYuvRange: {
    type: 'string',
    defaultValue: 'full',
    choices: ['full', 'limited'],
    description:
      'BT.601 range of received YUV images (nv12, nv21, nv24, yuv422, yuv422_yuy2): image processors differ.',
    change: 'live',
  },
  queueSize: {
    type: 'integer',
    defaultValue: 0,
    range: { min: 0, max: 1000 },
    description:
      'Frames that may wait for a worker, over all cameras together. 0 is one per camera, for results of the newest frames (4 if the reader of a bag blocks), and at least the frames of one task.',
    change: 'live',
  },
  dropPolicy: {
    type: 'string',
    defaultValue: 'oldest',
    choices: DROP_POLICIES,
    description:
      'What a full queue does: drop the oldest waiting frame, drop the newest, or block the source (the reader of a bag waits; a live topic cannot wait and drops the newest).',
    change: 'live',
  },
  maxAgeMs: {
    type: 'double',
    defaultValue: 0,
    range: { min: 0, max: 60_000 },
    description: 'A frame that waited longer than this in the queue is dropped as too_old; 0 keeps all.',
    change: 'live',
  },
  ordered: {
    type: 'boolean',
    defaultValue: true,
    description: 'Publish the results of one camera in the order of its frames.',
    change: 'restart',
  },
  orderTimeoutMs: {
    type: 'double',
    defaultValue: 500,
    range: { min: 0, max: 60_000 },
    description:
      'With ordered: how long a finished result waits for an earlier frame of its camera; if that is not finished by then, it is dropped as overtaken. 0 waits without a limit, as block does.',
    change: 'live',
  },
  maxBatch: {
    type: 'integer',
    defaultValue: 0,
    range: { min: 0, max: MAX_BATCH },
    description:
      'Most frames per task, with a model that is compiled for batches; 0 is the largest batch of the model.',
    change: 'live',
  },
  batchWaitMs: {
    type: 'double',
    defaultValue: 0,
    range: { min: 0, max: MAX_BATCH_WAIT_MS },
    description:
      'How long a frame waits for others to share its task, with a model that is compiled for batches.',
    change: 'live',
  },
  maxFps: {
    type: 'double',
    defaultValue: 0,
    range: { min: 0, max: 10_000 },
    description: 'Most frames a second from each camera; the rest is dropped as rate_limited; 0 accepts all.',
    change: 'live',
  },
  inferenceTimeoutMs: {
    type: 'double',
    defaultValue: 5000,
    range: { min: 10, max: 600_000 },
    description:
      'A worker that holds one frame longer than this is replaced and the frame dropped as timed_out.',
    change: 'restart',
  },
  bpuCore: {
    type: 'string',
    defaultValue: 'any',
    choices: ['any', '0', '1'],
    description: 'BPU core that runs the model; the X5 has only core 0, the X3 has 0 and 1.',
    change: 'restart',
  },
  bpuPriority: {
    type: 'integer',
    defaultValue: 0,
    range: { min: 0, max: 255 },
    description: 'Priority of the tasks on the BPU; 0 is the lowest, 255 preempts.',
    change: 'restart',
  },
  bpuSimResults: {
    type: 'string',
    defaultValue: 'hash',
    choices: ['hash', 'cpu', 'exact'],
    description:
      'Where the simulated BPU gets its scores: hash makes them up from the frame at no cost, so that only the times are meaningful; cpu runs the model on the CPU, which is slower than the BPU; exact runs the quantised model of effvit compile with the toolchain, which gives the scores of the board bit for bit in half a second a frame.',
    change: 'restart',
  },
} as const satisfies OptionTable;

export type ClassifierOptions = OptionValues<typeof CLASSIFIER_OPTIONS>;
export type ClassifierOptionName = keyof ClassifierOptions;

/** @throws EffvitError BAD_CONFIG with every problem in one message. */
export function classifierOptions(given: Partial<ClassifierOptions> = {}): ClassifierOptions {
  return fillOptions(CLASSIFIER_OPTIONS, given);
}
