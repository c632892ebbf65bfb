// The node over real DDS, every process of its own and nothing pinned: contenders take turns, every answer is checked,
// every figure is computed here.
//
//   npm run bench:ros -- [--part peers,formats,int8,bpu,cameras,frames] [--seconds 3] [--rounds 2] [--warm-up 4]
//                        [--json FILE] [--hz 30,120,240] [--peers FOLDER] [--python-path FOLDER]
//                        [--model FILE.onnx] [--parameter NAME:=VALUE ...]
//
// peers    against the classifier that a user would write in rclpy, at each of the camera's rates (--hz): with two
//          workers of one thread (careful), and with one session inside the callback (tutorial)
// formats  the same for JPEG at 640x480 and nv12 at 960x544, at 240 Hz
// int8     the same with the model that `effvit quantize` makes of it, at 400 Hz
// bpu      SIMULATED: a camera at 400 Hz in front of the device, by the compiler's estimate and by published figures
// cameras  SIMULATED: many cameras in front of a device that takes batches of four
// frames   SIMULATED: what a frame costs around a device without service time
//
// Nobody publishes more results than the cameras have frames. --peers: the folder of rclpy_classifier.py, default
// ../shared/bench beside the package; where it is not there, the peers are left out. --python-path: where
// the peer finds cv2 and onnxruntime. --model: default the bundled model. --parameter: of the node, in peers, formats and int8.
// With the defaults the parts peers, bpu, cameras and frames take ten minutes together on a quiet machine.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packagePath } from '../../../src/core/packageRoot.js';
import { BenchReport } from './BenchReport.js';
import { benchMachine, describeMachine } from './benchMachine.js';
import { benchFormats, benchInt8, benchPeers } from './benchPeers.js';
import { benchFrames, benchManyCameras, benchSimulatedBpu } from './benchSimulated.js';
import { RosBench } from './RosBench.js';

const { values: options } = parseArgs({
  options: {
    part: { type: 'string', default: 'peers,bpu,cameras,frames' },
    seconds: { type: 'string', default: '3' },
    'warm-up': { type: 'string', default: '4' },
    rounds: { type: 'string', default: '2' },
    json: { type: 'string' },
    hz: { type: 'string', default: '30,120,240' },
    peers: { type: 'string', default: packagePath('..', 'shared', 'bench') },
    'python-path': { type: 'string', default: '' },
    model: { type: 'string' },
    parameter: { type: 'string', multiple: true, default: [] },
  },
});
const script = join(options.peers, 'rclpy_classifier.py');
const bench = await RosBench.start({
  seconds: Number(options.seconds),
  rounds: Number(options.rounds),
  warmUpSeconds: Number(options['warm-up']),
  pythonPath: options['python-path'],
});
try {
  const machine = benchMachine();
  console.log(describeMachine(machine));
  console.log(`${options.rounds} rounds of ${options.seconds} s in turns; medians of the rounds`);
  const report = new BenchReport({ ...machine, options });
  const peers = {
    script: existsSync(script) ? script : undefined,
    hz: options.hz.split(',').map(Number),
    model: options.model,
    nodeArguments: options.parameter.flatMap((parameter) => ['-p', parameter]),
  };
  if (peers.script === undefined)
    console.log(`There is no rclpy_classifier.py in ${options.peers}: name its folder with --peers.`);
  const parts: Readonly<Record<string, () => Promise<void>>> = {
    peers: () => benchPeers(bench, report, peers),
    formats: () => benchFormats(bench, report, peers),
    int8: () => benchInt8(bench, report, peers),
    bpu: () => benchSimulatedBpu(bench, report),
    cameras: () => benchManyCameras(bench, report),
    frames: () => benchFrames(bench, report),
  };
  for (const name of options.part.split(',')) {
    const part = parts[name];
    if (part === undefined) throw new Error(`There is no part ${name}: ${Object.keys(parts).join(', ')}.`);
    await part();
  }
  report.end(options.json);
} finally {
  bench.close();
}
