import { EffvitError } from '../../core/EffvitError.js';
import { chipProblem, chipStride, type Nv12Shape } from '../../image/chipResizer.js';
import { type PictureRegion, wholeRegion } from '../../image/PictureRegion.js';
import type { DevicePicture, PictureResizer } from '../PictureResizer.js';
import type { TaskInputs } from './BpuTask.js';
import { dataView, LAYOUT_NCHW, PROPERTIES, ROI, SHAPE, SYS_MEM, TENSOR } from './bpuAbi.js';
import type { LibDnn } from './LibDnn.js';
import { NativeMemory } from './NativeMemory.js';
import { checkNv12Bytes, copyRows } from './Nv12Input.js';
import type { PictureLayout } from './PictureLayout.js';
import { TensorArray } from './TensorArray.js';

/** A picture in the BPU's memory, with the one tensor that refers to it. */
interface Picture extends DevicePicture {
  readonly tensor: TensorArray;
}

/** Places for the regions of a task; several places may share one picture. */
export class RegionInput implements PictureResizer {
  readonly #lib: LibDnn;
  readonly #layout: PictureLayout;
  readonly #about: string;
  /** The contiguous hbDNNTensor structures of the places; their hbDNNRoi structures are separate. */
  readonly #tensors: NativeMemory;
  readonly #rois: NativeMemory;
  readonly #inPlace: (Picture | undefined)[];
  /** For prepared pictures, by place. */
  readonly #prepared: (Picture | undefined)[];
  readonly #pictures = new Set<Picture>();

  constructor(lib: LibDnn, layout: PictureLayout, places: number, about: string) {
    this.#lib = lib;
    this.#layout = layout;
    this.#about = about;
    this.#tensors = new NativeMemory(places * TENSOR.size);
    this.#rois = new NativeMemory(places * ROI.size);
    this.#inPlace = new Array(places).fill(undefined);
    this.#prepared = new Array(places).fill(undefined);
  }

  allocate(lengthBytes: number): Picture {
    const { properties } = this.#layout.tensor;
    const tensor = new TensorArray(this.#lib, [{ properties, sizes: [lengthBytes] }], this.#about);
    const address = sysMemOf(tensor.structureOf(0)).getBigUint64(SYS_MEM.virAddr, true);
    const picture = { tensor, bytes: tensor.view(0), shared: { address, lengthBytes } };
    this.#pictures.add(picture);
    return picture;
  }

  release(picture: DevicePicture): void {
    const [error] = this.#freePicture(this.#own(picture));
    if (error !== undefined) throw error;
  }

  place(place: number, given: DevicePicture, shape: Nv12Shape, region: PictureRegion): void {
    const picture = this.#own(given);
    const problem = chipProblem(shape, region, this.#layout) ?? memoryProblem(picture, shape);
    if (problem !== undefined) throw new EffvitError('BAD_IMAGE', `A region ${problem}.`);
    this.#describe(place, picture, shape, region);
    this.#inPlace[place] = picture;
  }

  /** Copies a tightly packed NV12 frame of the model's size, which the chip uses without scaling. */
  write(place: number, nv12: Uint8Array): void {
    const { widthPx, heightPx } = this.#layout;
    checkNv12Bytes(nv12, widthPx, heightPx);
    const strideBytes = chipStride(widthPx);
    this.#prepared[place] ??= this.allocate((strideBytes * heightPx * 3) / 2);
    const picture = this.#prepared[place];
    // The chroma rows follow the luma rows at the same stride.
    copyRows(nv12, picture.bytes, widthPx, strideBytes);
    this.place(place, picture, { widthPx, heightPx, strideBytes }, wholeRegion(widthPx, heightPx));
  }

  /** Makes a task's pictures visible to the BPU. @returns their tensors and regions. */
  forTask(firstPlace: number, count: number): TaskInputs {
    const pictures = new Set(this.#inPlace.slice(firstPlace, firstPlace + count));
    for (const picture of pictures) {
      if (picture === undefined) {
        throw new EffvitError('INTERNAL', 'A task has an empty place; this is a defect of effvit.');
      }
      picture.tensor.clean(0);
    }
    const address = this.#rois.address + BigInt(firstPlace * ROI.size);
    return { inputs: this.#tensors.address + BigInt(firstPlace * TENSOR.size), rois: { address, count } };
  }

  /** Frees all memory. Must not be called while a task uses it. @returns the errors. */
  free(): Error[] {
    const errors = [...this.#pictures].flatMap((picture) => this.#freePicture(picture));
    this.#tensors.free();
    this.#rois.free();
    return errors;
  }

  /** Checks that the picture belongs to this device: one of another backend is not in its memory. */
  #own(picture: DevicePicture): Picture {
    for (const own of this.#pictures) if (own === picture) return own;
    throw new EffvitError(
      'INTERNAL',
      'A picture is of another device, or was freed; this is a defect of effvit.',
    );
  }

  #freePicture(picture: Picture): Error[] {
    this.#pictures.delete(picture);
    for (const [place, placed] of this.#inPlace.entries()) {
      if (placed === picture) this.#inPlace[place] = undefined;
    }
    return picture.tensor.free();
  }

  #describe(place: number, picture: Picture, shape: Nv12Shape, region: PictureRegion): void {
    const { properties: described, sizes } = this.#layout.tensor;
    const tensor = this.#tensors.bytes.subarray(place * TENSOR.size, (place + 1) * TENSOR.size);
    tensor.set(picture.tensor.structureOf(0).subarray(0, TENSOR.properties));
    tensor.set(described, TENSOR.properties);
    const lumaBytes = shape.strideBytes * shape.heightPx;
    const properties = dataView(tensor.subarray(TENSOR.properties));
    const setShape = (at: number, widthPx: number): void => {
      for (const [index, size] of [1, 3, shape.heightPx, widthPx].entries()) {
        properties.setInt32(at + 4 * index, size, true);
      }
      properties.setInt32(at + SHAPE.numDimensions, 4, true);
    };
    setShape(PROPERTIES.validShape, shape.widthPx);
    setShape(PROPERTIES.alignedShape, shape.strideBytes);
    properties.setInt32(PROPERTIES.tensorLayout, LAYOUT_NCHW, true);
    properties.setInt32(PROPERTIES.alignedByteSize, (lumaBytes * 3) / 2, true);
    if (sizes.length > 1) setChroma(tensor, lumaBytes);
    const roi = dataView(this.#rois.bytes.subarray(place * ROI.size));
    roi.setInt32(ROI.left, region.leftPx, true);
    roi.setInt32(ROI.top, region.topPx, true);
    roi.setInt32(ROI.right, region.leftPx + region.widthPx - 1, true);
    roi.setInt32(ROI.bottom, region.topPx + region.heightPx - 1, true);
  }
}

function memoryProblem({ bytes }: Picture, { strideBytes, heightPx }: Nv12Shape): string | undefined {
  const neededBytes = (strideBytes * heightPx * 3) / 2;
  if (neededBytes <= bytes.length) return undefined;
  return `is of a picture of ${neededBytes} bytes in memory of ${bytes.length}`;
}

function sysMemOf(tensor: Uint8Array, index = 0): DataView {
  return dataView(tensor.subarray(TENSOR.sysMem + index * SYS_MEM.size));
}

/** Describes luma and chroma as two memories of the tensor inside one allocation of the device. */
function setChroma(tensor: Uint8Array, lumaBytes: number): void {
  const [luma, chroma] = [sysMemOf(tensor, 0), sysMemOf(tensor, 1)];
  for (const offset of [SYS_MEM.phyAddr, SYS_MEM.virAddr]) {
    chroma.setBigUint64(offset, luma.getBigUint64(offset, true) + BigInt(lumaBytes), true);
  }
  luma.setUint32(SYS_MEM.memSize, lumaBytes, true);
  chroma.setUint32(SYS_MEM.memSize, lumaBytes / 2, true);
}
