import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceModel } from '../../../src/model/ModelManifest.js';
import { resolveModel } from '../../../src/model/resolveModel.js';

/** The numbers of a device model, and whose they are. */
export interface SimulatedDeviceTimes extends Pick<DeviceModel, 'serviceMs' | 'hostMs' | 'batches'> {
  readonly kind?: DeviceModel['kind'];
}

/** Of the RDK X5, as a model that ships with the package has them. */
export async function shippedDeviceTimes(model: string): Promise<SimulatedDeviceTimes> {
  const device = (await resolveModel(model)).deviceModels['rdk-x5'];
  if (device === undefined) throw new Error(`${model} has no device model of the rdk-x5.`);
  return device;
}

/** A folder for `model:=`: EfficientViT-M5's input and 1000 classes, with these times of the device. */
export function simulatedModel(scratch: string, name: string, times: SimulatedDeviceTimes): string {
  const folder = join(scratch, name);
  mkdirSync(folder, { recursive: true });
  const batches = (times.batches ?? []).map(
    ({ batch, serviceMs }) => `{ batch: ${batch}, service_ms: ${serviceMs} }`,
  );
  const device = [
    'cores: 1',
    `service_ms: ${times.serviceMs}`,
    `host_ms: ${times.hostMs}`,
    ...(times.kind === undefined ? [] : [`kind: ${times.kind}`]),
    ...(batches.length === 0 ? [] : [`batches: [${batches.join(', ')}]`]),
  ];
  writeFileSync(
    join(folder, 'manifest.yaml'),
    `name: ${name}
title: ${name}
description: A device model for a bench.
licence: Apache-2.0
sources: []
input: { width_px: 224, height_px: 224, layout: nchw, color: rgb, mean: [0, 0, 0], scale: [1, 1, 1] }
preprocess: { resize_mode: crop, resize_short_side_px: 256, pad_value: 127, range: full }
output: { class_count: 1000, activation: logits }
files: {}
device_model:
  rdk-x5: { ${device.join(', ')} }
`,
  );
  return folder;
}
