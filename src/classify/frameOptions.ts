import { double, integer, type OptionTable, oneOf } from '../core/optionTable.js';
import { PREPROCESS_FILTERS, PREPROCESS_RESIZE_MODES, RESIZE_ON } from '../image/PreprocessOptions.js';
import { parseRoi, ROI_FORMAT } from '../image/Roi.js';
import { MAX_REGIONS } from '../pool/RegionRecord.js';

/** The options of the classifier that decide what the model sees of a frame: resizing, region, boxes, colours. */
export const FRAME_OPTIONS = {
  resizeMode: {
    ...oneOf('model', ['model', ...PREPROCESS_RESIZE_MODES]),
    description:
      'How a frame becomes 224x224: as the manifest of the model says, stretched, short side resized and centre cropped, or letterboxed.',
  },
  resizeFilter: {
    ...oneOf('auto', PREPROCESS_FILTERS),
    description:
      'Filter for resizing: bilinear is fastest but skips pixels, antialias is that of Pillow and torchvision, area averages; auto is area when shrinking by more than 2, else antialias.',
  },
  resizeOn: {
    ...oneOf('auto', RESIZE_ON),
    description:
      'Where nv12 frames are cropped and scaled for a .bin that was compiled with --input-source resizer: cpu, bpu (on the chip: bilinear, shrinks by less than 4), or auto (on the chip if it can do all of it). The CPU does the rest.',
  },
  roi: {
    type: 'string',
    defaultValue: '',
    format: { expected: ROI_FORMAT, isMet: (text) => parseRoi(text) !== 'malformed' },
    description:
      'The part of every frame that is classified: x,y,width,height in pixels, or in fractions of the frame if all four are at most 1; empty is the whole frame.',
  },
  maxRegions: {
    ...integer(20, 1, MAX_REGIONS),
    description:
      'With the boxes of a detector: most boxes that are classified per frame, the largest first; the others become UNKNOWN.',
  },
  regionMargin: {
    ...double(0, 0, 2),
    description:
      'With the boxes of a detector: each side of a box is extended by this fraction of its width or height, then clipped to the frame.',
  },
  detectionsSlopMs: {
    ...double(0, 0, 10_000),
    description:
      'With the boxes of a detector: largest difference between the stamps of a frame and its detections; the nearest frame is used. 0 requires equal stamps.',
  },
  detectionsWaitMs: {
    ...double(500, 1, 60_000),
    description:
      'With the boxes of a detector: how long a frame and its detections wait for each other; after that the frame is dropped as unmatched.',
  },
  detectionsBuffer: {
    ...integer(10, 1, 200),
    description:
      'With the boxes of a detector: most frames that wait for their detections, and most detector messages that wait for their frame. A waiting frame retains its memory.',
  },
  detectionsHypotheses: {
    ...oneOf('replace', ['replace', 'append']),
    description:
      "With the boxes of a detector: the published classes of a box replace the detector's own hypotheses, or are appended to them.",
  },
  nv12Range: {
    ...oneOf('model', ['model', 'full', 'limited']),
    description: 'BT.601 range of the NV12 input of the model; model is the range of its manifest.',
    change: 'restart',
  },
  sourceYuvRange: {
    ...oneOf('full', ['full', 'limited']),
    description:
      'BT.601 range of received YUV images (nv12, nv21, nv24, yuv422, uyvy, yuv422_yuy2, yuyv, i420, yv12): image processors differ.',
  },
} as const satisfies OptionTable;
