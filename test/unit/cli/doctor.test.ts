import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { checkBpu } from '../../../src/cli/doctor/checkBpu.js';
import { checkComputer } from '../../../src/cli/doctor/checkComputer.js';
import { checkNatives, checkToolchain } from '../../../src/cli/doctor/checkInstalled.js';
import { checkModels } from '../../../src/cli/doctor/checkModels.js';
import { checkRos } from '../../../src/cli/doctor/checkRos.js';
import type { Finding, Machine } from '../../../src/cli/doctor/Finding.js';
import { FakeLibdnn, writeFakeBin } from '../../helpers/fakeLibdnn.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';
import { manifestYaml } from '../../helpers/scratchModels.js';

const VGA_BYTES = 640 * 480 * 3;
const CPU = 'sys/devices/system/cpu/cpu0/cpufreq';

function find(findings: readonly Finding[], name: string): Finding {
  const found = findings.find((finding) => finding.name === name);
  assert.ok(found !== undefined, `${name} is not among ${findings.map((one) => one.name).join(', ')}`);
  // Whatever is not well says what mends it.
  assert.equal(found.remedy === undefined, found.status === 'ok');
  return found;
}

describe('effvit doctor', () => {
  const scratch = scratchFolder();

  function machine(
    files: Readonly<Record<string, string>> = {},
    env: NodeJS.ProcessEnv = {},
    rest: Partial<Machine> = {},
  ): Machine {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(scratch.path(path)), { recursive: true });
      writeFileSync(scratch.path(path), content);
    }
    const own = { EFFVIT_CACHE: scratch.path('cache'), EFFVIT_MODEL_PATH: scratch.path('models') };
    return { root: scratch.path(), env: { ...own, ...env }, nodeVersion: '20.20.2', arch: 'x64', ...rest };
  }

  it('judges Node.js by what the package needs', () => {
    for (const [nodeVersion, status] of [
      ['12.22.9', 'problem'],
      ['18.20.0', 'problem'],
      ['20.9.0', 'problem'],
      ['20.20.1', 'problem'],
      ['20.20.2', 'ok'],
      ['20.20.10', 'ok'],
      ['22.0.0', 'ok'],
    ] as const) {
      assert.equal(find(checkComputer(machine({}, {}, { nodeVersion })), 'Node.js').status, status);
    }
  });

  it('takes a missing package for a problem, and a missing libjpeg-turbo for slowness', () => {
    const missing = () => {
      throw new Error('cannot open the file\nRequire stack: ...');
    };
    const findings = checkNatives(missing, missing);
    for (const name of ['onnxruntime-node', 'sharp', 'koffi'])
      assert.equal(find(findings, name).status, 'problem');
    const { status, found } = find(findings, 'libjpeg-turbo');
    assert.equal(status, 'warning');
    assert.match(found, /^does not load \(cannot open the file\): sharp decodes JPEGs/);
    const loaded = checkNatives(
      () => ({}),
      () => ({}),
    );
    assert.ok(loaded.every((finding) => finding.status === 'ok'));
  });

  it('tells what int8 is worth on the CPU', () => {
    const cases: [string, string, string, RegExp][] = [
      ['flags : fpu avx2 avx512_vnni', 'x64', 'ok', /VNNI/],
      ['flags : fpu avx2 avx_vnni', 'x64', 'ok', /VNNI/],
      ['flags : fpu avx2', 'x64', 'warning', /saturate/],
      ['flags : fpu', 'x64', 'warning', /neither AVX2/],
      ['Features : fp asimd asimddp', 'arm64', 'ok', /dot products \(asimddp\)$/],
      ['Features : fp asimd', 'arm64', 'ok', /no dot products/],
    ];
    for (const [text, arch, status, found] of cases) {
      const finding = find(
        checkComputer(machine({ 'proc/cpuinfo': `x : y\n${text}\n` }, {}, { arch })),
        'CPU for int8 models',
      );
      assert.equal(finding.status, status, text);
      assert.match(finding.found, found);
    }
  });

  it('asks for the governor that the figures are published for', () => {
    assert.match(find(checkComputer(machine()), 'CPU governor').found, /unknown/);
    const slow = machine({
      [`${CPU}/scaling_governor`]: 'ondemand\n',
      [`${CPU}/scaling_cur_freq`]: '300000\n',
      [`${CPU}/cpuinfo_max_freq`]: '1800000\n',
    });
    const finding = find(checkComputer(slow), 'CPU governor');
    assert.equal(finding.status, 'warning');
    assert.match(finding.found, /ondemand \(0\.3 of 1\.8 GHz now\)/);
    const quick = machine({ [`${CPU}/scaling_governor`]: 'performance\n' });
    assert.equal(find(checkComputer(quick), 'CPU governor').status, 'ok');
  });

  it('takes a shell without ROS for what it is, and a broken one for a problem', () => {
    assert.equal(find(checkRos(machine(), VGA_BYTES), 'ROS 2').status, 'warning');
    const sourced = machine({}, { ROS_DISTRO: 'jazzy' });
    const broken = checkRos(sourced, VGA_BYTES, () => 'The thing is missing: run `npm run ros:setup`.');
    assert.equal(find(broken, 'ROS 2').status, 'ok');
    assert.deepEqual(find(broken, 'rclnodejs and messages'), {
      name: 'rclnodejs and messages',
      status: 'problem',
      found: 'The thing is missing',
      remedy: 'run `npm run ros:setup`',
    });
    const whole = checkRos(sourced, VGA_BYTES, () => undefined);
    assert.equal(find(whole, 'rclnodejs and messages').status, 'ok');
  });

  it('knows the profiles of the middlewares', () => {
    const middleware = (env: NodeJS.ProcessEnv): Finding =>
      find(
        checkRos(
          machine(
            {
              'profile.xml': '<segment_size>1</segment_size><receiveBufferSize>1</receiveBufferSize>',
              'poor.xml': '<dds/>',
            },
            env,
          ),
          VGA_BYTES,
        ),
        'middleware',
      );
    assert.match(middleware({}).remedy ?? '', /FASTRTPS_DEFAULT_PROFILES_FILE=.*config\/fastdds\.xml/);
    assert.equal(middleware({ FASTDDS_DEFAULT_PROFILES_FILE: scratch.path('profile.xml') }).status, 'ok');
    const poor = middleware({ FASTDDS_DEFAULT_PROFILES_FILE: scratch.path('poor.xml') });
    assert.match(
      poor.found,
      /no segment_size and no receiveBufferSize: images of a camera on this machine and/,
    );
    assert.equal(middleware({ FASTDDS_BUILTIN_TRANSPORTS: 'UDPv4' }).status, 'ok');
    const absent = middleware({ FASTRTPS_DEFAULT_PROFILES_FILE: scratch.path('absent.xml') });
    assert.equal(absent.status, 'problem');
    assert.match(absent.found, /absent\.xml, which is not there/);
    const cyclone = { RMW_IMPLEMENTATION: 'rmw_cyclonedds_cpp' };
    assert.equal(middleware(cyclone).status, 'warning');
    assert.equal(middleware({ ...cyclone, CYCLONEDDS_URI: 'file:///x.xml' }).status, 'ok');
    assert.equal(middleware({ RMW_IMPLEMENTATION: 'rmw_zenoh_cpp' }).status, 'ok');
  });

  it("holds socket buffers and shared memory against the camera's images", () => {
    const findings = checkRos(machine({ 'proc/sys/net/core/rmem_max': '212992\n' }), VGA_BYTES);
    const buffers = find(findings, 'socket buffers');
    assert.equal(buffers.status, 'warning');
    assert.match(buffers.remedy ?? '', /rmem_max=16777216.*subscription\.reliability:=reliable/);
    assert.equal(find(findings, 'shared memory').status, 'warning');
    mkdirSync(scratch.path('dev', 'shm'), { recursive: true });
    const roomy = checkRos(machine({ 'proc/sys/net/core/rmem_max': '4194304\n' }), VGA_BYTES);
    assert.equal(find(roomy, 'socket buffers').status, 'ok');
    assert.match(find(roomy, 'shared memory').found, /take 128 with config\/fastdds\.xml \(72 images each\)/);
  });

  it('needs no BPU, but where there is one, its runtime', async () => {
    assert.deepEqual(
      (await checkBpu(machine())).map(({ name }) => name),
      ['BPU'],
    );
    const board = machine(
      { 'sys/devices/system/bpu/bpu0/ratio': '3' },
      { EFFVIT_LIBDNN: scratch.path('libdnn.so') },
    );
    const findings = await checkBpu(board);
    assert.equal(find(findings, 'BPU').found, 'rdk-x5 (bayes-e)');
    const runtime = find(findings, 'libdnn');
    assert.equal(runtime.status, 'problem');
    assert.match(runtime.found, /^The BPU runtime .*libdnn\.so does not load \(.*\)$/);
    assert.match(runtime.remedy ?? '', /^correct EFFVIT_LIBDNN, or choose the backend onnx$/);
    assert.equal(find(findings, 'BPU load').found, '3 %');
  });

  it('shows the runtime that it finds, and a board that is slow or hot', async function () {
    const fake = FakeLibdnn.build(this);
    fake.reset();
    const board = machine(
      {
        'sys/devices/system/bpu/bpu0/bpufreq/cur_freq': '500000000',
        'sys/devices/system/bpu/bpu0/bpufreq/max_freq': '1000000000',
        'sys/class/thermal/thermal_zone0/type': 'cpu',
        'sys/class/thermal/thermal_zone0/temp': '95000',
      },
      { EFFVIT_LIBDNN: fake.path },
    );
    const findings = await checkBpu(board);
    assert.match(find(findings, 'libdnn').found, /^1\.24\.10 \(/);
    assert.equal(find(findings, 'BPU frequency').status, 'warning');
    assert.equal(find(findings, 'temperature').status, 'warning');
    fake.set({ version: 10_804 });
    assert.match(find(await checkBpu(board), 'libdnn').found, /is libdnn 1\.8\.4, older than 1\.18/);
    fake.reset();
  });

  it('says of each model with files here whether they fit the chip', async () => {
    const bpu = 'files: { bpu: { rdk-x5: { file: own.bin, march: bayes-e } } }\n';
    const board = machine(
      {
        'models/own/manifest.yaml': manifestYaml('own', bpu),
        'models/empty/manifest.yaml': manifestYaml('empty'),
      },
      { EFFVIT_BPU_CHIP: 'rdk-x5' },
    );
    writeFakeBin(scratch.path('models', 'own', 'own.bin'));
    const findings = await checkModels(board);
    assert.equal(find(findings, 'model own').status, 'ok');
    assert.ok(!findings.some(({ name }) => name === 'model empty'));
    writeFakeBin(scratch.path('models', 'own', 'own.bin'), 'bernoulli2');
    const wrong = find(await checkModels(board), 'model own');
    assert.equal(wrong.status, 'problem');
    assert.match(wrong.found, /own\.bin is compiled for bernoulli2 \(rdk-x3\) but this board is an rdk-x5/);
    writeFakeBin(scratch.path('models', 'own', 'own.bin'));
    const other = { ...board, env: { ...board.env, EFFVIT_BPU_CHIP: 'rdk-x3' } };
    assert.match(find(await checkModels(other), 'model own').found, /no \.bin file for this rdk-x3/);
  });

  it('shows a manifest that cannot be read', async () => {
    const findings = await checkModels(machine({ 'models/bad/manifest.yaml': 'name: [' }));
    assert.equal(find(findings, 'model bad').status, 'problem');
  });

  it('says whether the toolchain is there, and how to have it', () => {
    const toolchain = { folder: '/cache/toolchain', pythonPath: '', env: {} };
    const absent = { folder: '/cache/toolchain', missing: ['torch'] } as const;
    const findings = [
      checkToolchain({ state: 'ready', toolchain }),
      checkToolchain({ state: 'absent', ...absent }),
      checkToolchain({ state: 'partial', ...absent }),
      checkToolchain({ state: 'unsupported', reason: '' }),
    ];
    assert.deepEqual(
      findings.map(({ status }) => status),
      ['ok', 'ok', 'warning', 'ok'],
    );
    assert.match(findings[0]?.found ?? '', /installed in \/cache\/toolchain/);
    assert.match(findings[1]?.found ?? '', /effvit toolchain install/);
    assert.match(findings[2]?.found ?? '', /half installed .*torch/);
    assert.match(findings[2]?.remedy ?? '', /effvit toolchain install/);
    assert.match(findings[3]?.found ?? '', /x86-64 Linux/);
  });
});
