import assert from 'node:assert/strict';
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { packagePath } from '../../../src/core/packageRoot.js';
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

describe('launch/classifier.launch.py', function () {
  this.timeout(120_000);

  before(function () {
    needPython(this);
  });

  it('declares every argument with a default and a description', () => {
    const { arguments: declared } = recordLaunch(FILE);
    assert.deepEqual(declared.map(({ name }) => name).sort(), [
      'autostart',
      'backend',
      'dds_profile',
      'enclave',
      'image_topics',
      'image_transport',
      'log_level',
      'model',
      'name',
      'namespace',
      'params_file',
      'perception_targets',
      'respawn',
      'respawn_delay',
      'threads',
      'use_sim_time',
    ]);
    for (const { name, default: value, description } of declared) {
      assert.notEqual(value, null, name);
      assert.ok((description ?? '').length > 10, name);
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
