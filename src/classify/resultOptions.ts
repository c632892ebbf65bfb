import { double, integer, type OptionTable, oneOf } from '../core/optionTable.js';
import { MAX_TEMPERATURE } from '../model/manifestValues.js';
import { KNOWN_SCORES } from './calibration/knownScore.js';

/** The options of the classifier that decide what is published of a frame: scores, picture checks, smoothing. */
export const RESULT_OPTIONS = {
  topK: {
    ...integer(5, 1, 1000),
    description: 'Results per frame, best first; fewer when the model has fewer classes.',
  },
  scoreThreshold: {
    ...double(0, 0, 1),
    description:
      'Results with a smaller score are left out; a frame without remaining results is published empty.',
  },
  temperature: {
    ...double(0, 0, MAX_TEMPERATURE),
    description:
      'Divisor of the logits before the softmax, which calibrates the scores (effvit eval --calibrate); 0 is the temperature of the manifest, 1 changes nothing.',
  },
  pictureChecks: {
    ...oneOf('none', ['none', 'report', 'unknown']),
    description:
      'Measures pictures (brightness, contrast, sharpness, covered, frozen): report shows problems in ~/frames and /diagnostics; unknown also makes a frame with a problem UNKNOWN, without results.',
  },
  minBrightness: {
    ...double(20, 0, 255),
    description:
      'With picture_checks: a picture with a smaller mean luma is too dark; 0 turns the check off.',
  },
  maxBrightness: {
    ...double(235, 0, 255),
    description:
      'With picture_checks: a picture with a larger mean luma is too bright; 255 turns the check off.',
  },
  minContrast: {
    ...double(10, 0, 128),
    description:
      'With picture_checks: a picture with a smaller standard deviation of the luma has too low a contrast (fog, a dirty lens); 0 turns the check off.',
  },
  minSharpness: {
    ...double(20, 0, 1e6),
    description:
      "With picture_checks: a picture with a smaller variance of the Laplacian, at the size of the network's input, is blurred; 0 turns the check off.",
  },
  maxFlatShare: {
    ...double(0.9, 0, 1),
    description:
      "With picture_checks: a picture with a larger share of tiles without contrast (32 by 32 pixels of the network's input) is covered; 1 turns the check off.",
  },
  maxUnchangedMs: {
    ...double(2000, 0, 600_000),
    description:
      'With picture_checks: a camera that sends the same content for longer, by its stamps, is frozen; 0 turns the check off, e.g. for a simulator with a still scene.',
  },
  knownScore: {
    ...oneOf('none', ['none', ...KNOWN_SCORES]),
    description:
      'Score to detect frames that show none of the classes: energy (the logarithm of the sum of the exponentials of all logits) or max_logit (the largest logit). A frame below known_score_threshold is UNKNOWN, without results.',
  },
  knownScoreThreshold: {
    ...double(0, -1e6, 1e6),
    description:
      'With known_score: a frame with a smaller score is UNKNOWN; effvit eval shows the scores of labelled pictures.',
  },
  smoothing: {
    ...oneOf('none', ['none', 'exponential', 'majority', 'hysteresis']),
    description:
      'Smooths the results of each camera over time, with detections those of each id in it, in addition to the raw ones: exponential averages the scores, majority counts the frames in which each class was best, hysteresis averages nothing. With all of them a class is held until another leads by hysteresis_margin for hysteresis_time_ms.',
  },
  smoothingTimeMs: {
    ...double(500, 1, 600_000),
    description:
      'Time constant of the exponential average (after this time a new class has 63 % of its score), and window of the majority, by the stamps of the images.',
  },
  smoothingGapMs: {
    ...double(2000, 1, 600_000),
    description:
      'Smoothing restarts after a longer time without a frame, by the stamps of the images, and after stamps that go back.',
  },
  hysteresisMargin: {
    ...double(0.1, 0, 1),
    description: 'With smoothing: how far the score of another class must lead before the class changes.',
  },
  hysteresisTimeMs: {
    ...double(200, 0, 600_000),
    description:
      'With smoothing: how long another class must lead by hysteresis_margin before the class changes.',
  },
} as const satisfies OptionTable;
