import assert from 'node:assert/strict';
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import type { OptionSpec } from '../../../src/core/optionTable.js';
import { packagePath } from '../../../src/core/packageRoot.js';
import {
  isParameterName,
  type NodeParameterName,
  PARAMETER_NAMES,
  PARAMETERS,
} from '../../../src/ros/parameters/parameterTable.js';
import { launchOutcome, needPython, recordLaunch } from '../../helpers/recordLaunch.js';

const FILE = packagePath('launch', 'classifier.launch.py');
const PARAMS = packagePath('config', 'classifier.yaml');
const FAST_DDS = ['FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'] as const;

function refusal(args: Readonly<Record<string, string>>): string {
  const outcome = launchOutcome(FILE, args);
  return 'error' in outcome ? outcome.error : `not refused: ${JSON.stringify(outcome.ok)}`;
}

function freeSharedMemoryMb(): number {
  if (!existsSync('/dev/shm')) return 0;
  const { bavail, bsize } = statfsSync('/dev/shm');
  return (bavail * bsize) / 2 ** 20;
}

/** What is tuned rather than set at the start of a robot. */
const LEFT_TO_PARAMS_FILE: readonly NodeParameterName[] = [
  'intra_op_threads',
  'temperature',
  'min_brightness',
  'max_brightness',
  'min_contrast',
  'min_sharpness',
  'max_flat_share',
  'max_unchanged_ms',
  'nv12_range',
  'smoothing_time_ms',
  'smoothing_gap_ms',
  'hysteresis_margin',
  'hysteresis_time_ms',
  'resize_filter',
  'max_regions',
  'region_margin',
  'detections_slop_ms',
  'detections_wait_ms',
  'detections_buffer',
  'detections_hypotheses',
  'queue_size',
  'max_age_ms',
  'ordered',
  'order_timeout_ms',
  'max_batch',
  'onnx_batch',
  'batch_wait_ms',
  'inference_timeout_ms',
  'bpu_core',
  'bpu_priority',
  'bpu_sim_results',
  'debug_image_scale',
  'diagnostic_updater.period',
  'diagnostic_updater.use_fqn',
  'diagnostics.expected_fps',
  'diagnostics.max_allowed_processing_time_ms',
  'diagnostics.max_acceptable_consecutive_delay_ms',
  'diagnostics.stale_after_ms',
];

/** For each type an argument's text, and the parameter's value. */
const SAMPLES: Readonly<Record<OptionSpec['type'], readonly [text: string, value: unknown]>> = {
  string: ['1.0', '1.0'],
  boolean: ['False', false],
  integer: ['4', 4],
  double: ['0.5', 0.5],
  string_array: [' /left/image_raw, /right/image_raw', ['/left/image_raw', '/right/image_raw']],
};

describe('launch/classifier.launch.py', function () {
  this.timeout(300_000);

  before(function () {
    needPython(this);
  });

  it('declares every argument with a default and a description', () => {
    const { arguments: declared } = recordLaunch(FILE);
    const others = declared.map(({ name }) => name).filter((name) => !isParameterName(name));
    assert.deepEqual(others.sort(), [
      'autostart',
      'dds_profile',
      'enclave',
      'log_level',
      'name',
      'namespace',
      'params_file',
      'respawn',
      'respawn_delay',
      'use_sim_time',
    ]);
    for (const { name, default: value, description } of declared) {
      assert.notEqual(value, null, name);
      assert.ok((description ?? '').length > 10, name);
    }
  });

  it('has every parameter of the node as an argument, or leaves it to params_file on purpose', () => {
    const { arguments: declared } = recordLaunch(FILE);
    const names = declared.map(({ name }) => name).filter(isParameterName);
    assert.deepEqual(
      PARAMETER_NAMES.filter((name) => !names.includes(name)).sort(),
      [...LEFT_TO_PARAMS_FILE].sort(),
    );
  });

  it('passes each parameter on with its type, and refuses what is out of its range', () => {
    for (const { name } of recordLaunch(FILE).arguments) {
      if (!isParameterName(name)) continue;
      const spec: OptionSpec = PARAMETERS[name];
      const [text, expected] = SAMPLES[spec.type];
      const { nodes } = recordLaunch(FILE, { [name]: text });
      assert.deepEqual(nodes[0]?.parameters, [PARAMS, { [name]: expected }], name);
      if (!('range' in spec) || spec.range === undefined) continue;
      const { min, max } = spec.range;
      for (const wrong of [min - 1, max + 1]) {
        assert.match(
          refusal({ [name]: String(wrong) }),
          new RegExp(`Expected a number from .* for the argument ${name} but received "${wrong}"`),
        );
      }
      for (const edge of [min, max]) {
        assert.deepEqual(recordLaunch(FILE, { [name]: String(edge) }).nodes[0]?.parameters[1], {
          [name]: edge,
        });
      }
    }
  });

  it('starts one node with the documented parameters and nothing over them', () => {
    const { nodes } = recordLaunch(FILE);
    assert.equal(nodes.length, 1);
    assert.deepEqual(nodes[0], {
      name: 'classifier',
      namespace: '',
      executable: packagePath('bin', 'classifier_node'),
      parameters: [PARAMS],
      rosArguments: ['--log-level', 'info'],
      output: 'screen',
      respawn: false,
      respawnDelay: 2,
    });
  });

  it('lays the arguments over the params file, with their types', () => {
    const { nodes } = recordLaunch(FILE, {
      model: '1.0',
      backend: 'onnx',
      image_transport: 'compressed',
      threads: '4',
      detections_topics: '/left, ,/rear',
      use_sim_time: 'True',
      image_topics: ' /left/image_raw, /right/image_raw,',
      namespace: 'robot',
      name: 'eyes',
      log_level: 'debug',
      enclave: '/robot/eyes',
      respawn: 'true',
      respawn_delay: '0.5',
    });
    assert.deepEqual(nodes[0]?.parameters, [
      PARAMS,
      {
        model: '1.0',
        backend: 'onnx',
        image_transport: 'compressed',
        threads: 4,
        use_sim_time: true,
        image_topics: ['/left/image_raw', '/right/image_raw'],
        detections_topics: ['/left', '', '/rear'],
      },
    ]);
    assert.equal(nodes[0]?.namespace, 'robot');
    assert.equal(nodes[0]?.name, 'eyes');
    assert.deepEqual(nodes[0]?.rosArguments, ['--log-level', 'debug', '--enclave', '/robot/eyes']);
    assert.equal(nodes[0]?.respawn, true);
    assert.equal(nodes[0]?.respawnDelay, 0.5);
  });

  it('makes the node active at every start of its process, unless told not to', () => {
    assert.deepEqual(recordLaunch(FILE).handlers, [
      { on: 'start', target: 'classifier', emits: [], emits_in_shutdown: [] },
      { on: 'exit', target: 'classifier', emits: [], emits_in_shutdown: [] },
    ]);
    assert.deepEqual(recordLaunch(FILE, { autostart: 'false' }).handlers, []);
  });

  it('refuses wrong values in one sentence that names the argument and the value', () => {
    assert.match(
      refusal({ threads: '17' }),
      /number from 1 to 16 for the argument threads but received "17"/,
    );
    assert.match(refusal({ threads: 'many' }), /argument threads but received "many"/);
    assert.match(
      refusal({ respawn: 'maybe' }),
      /true or false for the argument respawn but received "maybe"/,
    );
    assert.match(refusal({ respawn_delay: '-1' }), /argument respawn_delay but received "-1"/);
    assert.match(
      refusal({ params_file: '/nowhere.yaml' }),
      /argument params_file but there is no "\/nowhere.yaml"/,
    );
    assert.match(
      refusal({ dds_profile: '/nowhere.xml' }),
      /argument dds_profile but there is no "\/nowhere.xml"/,
    );
  });

  describe('DDS profile', () => {
    it('sets the Fast DDS profile under both of its names, or says why not', () => {
      const { environment, messages } = recordLaunch(FILE);
      if (freeSharedMemoryMb() < 192) {
        for (const name of FAST_DDS)
          assert.equal(environment[name], packagePath('config', 'fastdds_udp.xml'));
        assert.match(messages.join(), /\/dev\/shm has \d+ MB free, and config\/fastdds.xml needs 192/);
        return;
      }
      for (const name of FAST_DDS) assert.equal(environment[name], packagePath('config', 'fastdds.xml'));
      assert.deepEqual(messages, []);
    });

    it("keeps the user's own settings", () => {
      for (const name of [...FAST_DDS, 'FASTDDS_BUILTIN_TRANSPORTS']) {
        assert.deepEqual(recordLaunch(FILE, {}, { [name]: 'own' }).environment, {}, name);
      }
      const own = { CYCLONEDDS_URI: 'file:///own.xml', RMW_IMPLEMENTATION: 'rmw_cyclonedds_cpp' };
      assert.deepEqual(recordLaunch(FILE, {}, own).environment, {});
    });

    it('takes a file that is named, over what the environment holds', () => {
      const { environment } = recordLaunch(FILE, { dds_profile: PARAMS }, { [FAST_DDS[0]]: 'own' });
      assert.deepEqual(environment, { [FAST_DDS[0]]: PARAMS, [FAST_DDS[1]]: PARAMS });
    });

    it('sets nothing for none and for a middleware it has no profile for', () => {
      assert.deepEqual(recordLaunch(FILE, { dds_profile: 'none' }).environment, {});
      assert.deepEqual(recordLaunch(FILE, {}, { RMW_IMPLEMENTATION: 'rmw_zenoh_cpp' }).environment, {});
    });

    it('sets CYCLONEDDS_URI for Cyclone DDS', () => {
      const { environment } = recordLaunch(FILE, {}, { RMW_IMPLEMENTATION: 'rmw_cyclonedds_cpp' });
      assert.deepEqual(environment, { CYCLONEDDS_URI: `file://${packagePath('config', 'cyclonedds.xml')}` });
    });

    it('reserves a shared-memory segment of 64 MB, as the launch file counts on', () => {
      const profile = readFileSync(packagePath('config', 'fastdds.xml'), 'utf8');
      assert.equal(/<segment_size>(\d+)</.exec(profile)?.[1], String(64 * 2 ** 20));
      // A segment that is smaller than a message's piece, or a transport that is not used, is an error at start.
      for (const id of ['effvit_shared_memory', 'effvit_udp']) {
        assert.equal(profile.split(`<transport_id>${id}</transport_id>`).length, 3, id);
      }
    });
  });
});
