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
      'Name of a model, a folder with a manifest.yaml, or an .onnx or .bin file; auto takes efficientvit_m5 where its files were pulled, else the bundled efficientvit_m5_signs; on a CPU its int8 model, NAME_int8, where that was measured to lose 0.3 points of top-1 at most.',
    change: 'live',
  },
  backend: {
    type: 'string',
    defaultValue: 'auto',
    choices: ['auto', 'onnx', 'bpu', 'bpu_sim'],
    description:
      'Where inference runs; auto takes bpu where libdnn.so loads and the model has a .bin for this chip, else onnx. bpu_sim is a simulation.',
    change: 'live',
  },
  threads: {
    type: 'integer',
    defaultValue: 2,
    range: { min: 1, max: MAX_THREADS },
    description:
      'Inference worker threads; on a CPU at most its cores, on a BPU 4 keep it busy and 8 show its maximum.',
    change: 'live',
  },
  intraOpThreads: {
    type: 'integer',
    defaultValue: 1,
    range: { min: 1, max: 16 },
    description:
      'Threads of ONNX Runtime that compute one frame together: more shorten its latency while cores are idle, and cost latency and results where none is. On the CPU alone.',
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
      'Results with a smaller score are left out; a frame whose results are all left out is published with none.',
    change: 'live',
  },
  temperature: {
    type: 'double',
    defaultValue: 0,
    range: { min: 0, max: MAX_TEMPERATURE },
    description:
      "What the model's logits are divided by before the softmax, so that a score is how often it is right (effvit eval --calibrate); 0 takes the temperature of the manifest, 1 changes nothing.",
    change: 'live',
  },
  pictureChecks: {
    type: 'string',
    defaultValue: 'off',
    choices: ['off', 'report', 'unknown'],
    description:
      'Whether pictures are measured (brightness, contrast, sharpness, what is covered, what stands still): report tells it in ~/frames and /diagnostics; unknown also makes a frame whose picture cannot be trusted UNKNOWN, without results.',
    change: 'live',
  },
  minBrightness: {
    type: 'double',
    defaultValue: 20,
    range: { min: 0, max: 255 },
    description: 'With picture_checks: a picture whose mean luma is below is too dark; 0 does not judge.',
    change: 'live',
  },
  maxBrightness: {
    type: 'double',
    defaultValue: 235,
    range: { min: 0, max: 255 },
    description: 'With picture_checks: a picture whose mean luma is above is too bright; 255 does not judge.',
    change: 'live',
  },
  minContrast: {
    type: 'double',
    defaultValue: 10,
    range: { min: 0, max: 128 },
    description:
      'With picture_checks: a picture whose standard deviation of the luma is below has too low a contrast (fog, a dirty lens); 0 does not judge.',
    change: 'live',
  },
  minSharpness: {
    type: 'double',
    defaultValue: 20,
    range: { min: 0, max: 1e6 },
    description:
      "With picture_checks: a picture whose variance of the Laplacian, at the size of the network's input, is below is blurred; 0 does not judge.",
    change: 'live',
  },
  maxFlatShare: {
    type: 'double',
    defaultValue: 0.9,
    range: { min: 0, max: 1 },
    description:
      "With picture_checks: a picture of which a larger share shows next to nothing, in tiles of 32 by 32 pixels of the network's input, is covered; 1 does not judge.",
    change: 'live',
  },
  maxUnchangedMs: {
    type: 'double',
    defaultValue: 2000,
    range: { min: 0, max: 600_000 },
    description:
      'With picture_checks: a camera that sends the same content for longer, by its stamps, is frozen; 0 does not judge (a simulator sends still pictures of a still scene).',
    change: 'live',
  },
  knownScore: {
    type: 'string',
    defaultValue: 'off',
    choices: ['off', ...KNOWN_SCORES],
    description:
      'By which score a frame that shows none of the classes is known: energy (the logarithm of the sum of the exponentials of all logits) or max_logit (the largest); below known_score_threshold it is UNKNOWN and has no results.',
    change: 'live',
  },
  knownScoreThreshold: {
    type: 'double',
    defaultValue: 0,
    range: { min: -1e6, max: 1e6 },
    description:
      'With known_score: a frame whose score is below is UNKNOWN; effvit eval shows what the pictures of the classes have.',
    change: 'live',
  },
  smoothing: {
    type: 'string',
    defaultValue: 'off',
    choices: ['off', ...SMOOTHING_METHODS],
    description:
      "Steadies each camera's results over time, beside the raw ones: exponential averages the scores, majority counts the frames that each class was best in, hysteresis averages nothing; with each of them a class stays until another leads it by hysteresis_margin for hysteresis_time_ms.",
    change: 'live',
  },
  smoothingTimeMs: {
    type: 'double',
    defaultValue: 500,
    range: { min: 1, max: 600_000 },
    description:
      'The time constant of the exponential average (after it a new class has 63 % of its score), and the window of the majority, by the stamps of the images.',
    change: 'live',
  },
  smoothingGapMs: {
    type: 'double',
    defaultValue: 2000,
    range: { min: 1, max: 600_000 },
    description:
      'Smoothing begins anew after a longer time without a frame, by the stamps of the images, and where these go back.',
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
    description: 'With smoothing: for how long another class must lead by that before the class changes.',
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
      'Pixels of the resized frame: bilinear is quickest and leaves pixels out, antialias is what Pillow and torchvision do, area averages; auto is area when shrinking more than twice, else antialias.',
    change: 'live',
  },
  resizeOn: {
    type: 'string',
    defaultValue: 'auto',
    choices: RESIZE_ON,
    description:
      'Who cuts and scales nv12 frames for a .bin that was compiled with --input-source resizer: cpu, bpu (the chip, which is bilinear and shrinks less than four to one), or auto, the chip where it can do all of it; the CPU does the rest.',
    change: 'live',
  },
  roi: {
    type: 'string',
    defaultValue: '',
    format: { expected: ROI_FORMAT, isMet: (text) => parseRoi(text) !== 'malformed' },
    description:
      'The part of every frame that is classified, as if the rest had been cut off: x,y,width,height in pixels, or in fractions of the frame where all four are at most 1; empty is the whole frame.',
    change: 'live',
  },
  maxRegions: {
    type: 'integer',
    defaultValue: 20,
    range: { min: 1, max: MAX_REGIONS },
    description:
      'With the boxes of a detector: the most that are classified of one frame, the largest first; the others become UNKNOWN.',
    change: 'live',
  },
  regionMargin: {
    type: 'double',
    defaultValue: 0,
    range: { min: 0, max: 2 },
    description:
      'With the boxes of a detector: how much of its width and height is added to a box on each side before it is cut to the frame.',
    change: 'live',
  },
  detectionsSlopMs: {
    type: 'double',
    defaultValue: 0,
    range: { min: 0, max: 10_000 },
    description:
      "With the boxes of a detector: how far a frame's stamp and that of its detections may be apart; the nearest frame is taken. 0 takes equal stamps alone.",
    change: 'live',
  },
  detectionsWaitMs: {
    type: 'double',
    defaultValue: 500,
    range: { min: 1, max: 60_000 },
    description:
      'With the boxes of a detector: how long a frame waits for its detections before it is dropped as unmatched, and detections for their frame.',
    change: 'live',
  },
  detectionsBuffer: {
    type: 'integer',
    defaultValue: 10,
    range: { min: 1, max: 200 },
    description:
      'With the boxes of a detector: frames that wait for their detections at most, and messages of the detector for their frame; a waiting frame keeps its memory.',
    change: 'live',
  },
  detectionsHypotheses: {
    type: 'string',
    defaultValue: 'replace',
    choices: ['replace', 'append'],
    description:
      "With the boxes of a detector: the classes that are published of a box take the place of the detector's own hypotheses, or stand behind them.",
    change: 'live',
  },
  nv12Range: {
    type: 'string',
    defaultValue: 'model',
    choices: ['model', 'full', 'limited'],
    description: 'BT.601 range of the NV12 that the model gets; model takes what its manifest says.',
    change: 'restart',
  },
  sourceYuvRange: {
    type: 'string',
    defaultValue: 'full',
    choices: ['full', 'limited'],
    description:
      'BT.601 range of YUV images that arrive (nv12, nv21, nv24, yuv422, yuv422_yuy2): image processors differ.',
    change: 'live',
  },
  queueSize: {
    type: 'integer',
    defaultValue: 0,
    range: { min: 0, max: 1000 },
    description:
      'Frames that may wait for a worker, over all cameras together; 0 is one for each camera, so that results are of the newest frames (4 where the reader of a bag blocks), and as many as one task takes.',
    change: 'live',
  },
  dropPolicy: {
    type: 'string',
    defaultValue: 'oldest',
    choices: DROP_POLICIES,
    description:
      'What a full queue does: drop the oldest waiting frame, drop the newest, or block the entrance (the reader of a bag waits; a live topic cannot, and drops the newest).',
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
    description: 'Publish the results of one camera in the order of its frames, whatever worker was faster.',
    change: 'restart',
  },
  orderTimeoutMs: {
    type: 'double',
    defaultValue: 500,
    range: { min: 0, max: 60_000 },
    description:
      'With ordered: how long a result that is ready is held back for an earlier frame of its camera, which is dropped as overtaken where it is not done by then; 0 holds back without a limit, as block does.',
    change: 'live',
  },
  maxBatch: {
    type: 'integer',
    defaultValue: 0,
    range: { min: 0, max: MAX_BATCH },
    description:
      'The most frames that one task computes together, on a model that is compiled for batches; 0 is as many as it takes.',
    change: 'live',
  },
  batchWaitMs: {
    type: 'double',
    defaultValue: 0,
    range: { min: 0, max: MAX_BATCH_WAIT_MS },
    description:
      'How long a frame that could be computed waits for others to share its task, on a model that is compiled for batches.',
    change: 'live',
  },
  maxFps: {
    type: 'double',
    defaultValue: 0,
    range: { min: 0, max: 10_000 },
    description:
      'Most frames a second taken from each camera; the rest is dropped as rate_limited; 0 takes all.',
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
    description: 'BPU core that runs the model; the X5 has core 0 alone, the X3 has 0 and 1.',
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
      'Where the simulated BPU gets its scores: hash makes some up from the frame at no cost, so that times alone mean something; cpu runs the model on the CPU, which is slower than the BPU; exact runs the quantised model that effvit compile left by the toolchain: the scores of the board bit for bit, half a second a frame.',
    change: 'restart',
  },
} as const satisfies OptionTable;

export type ClassifierOptions = OptionValues<typeof CLASSIFIER_OPTIONS>;
export type ClassifierOptionName = keyof ClassifierOptions;

/** @throws EffvitError BAD_CONFIG with every problem in one message. */
export function classifierOptions(given: Partial<ClassifierOptions> = {}): ClassifierOptions {
  return fillOptions(CLASSIFIER_OPTIONS, given);
}
