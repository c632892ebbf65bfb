import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { packagePath } from '../../../../src/core/packageRoot.js';
import { transportView } from '../../../../src/ros/reports/transportView.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

describe('transportView', () => {
  const scratch = scratchFolder();
  const view = (env: NodeJS.ProcessEnv = {}, user = process.getuid?.() ?? 0) =>
    transportView(env, scratch.path(), user);

  it('knows what a profile lacks, ours nothing', () => {
    const variable = 'FASTRTPS_DEFAULT_PROFILES_FILE';
    const path = scratch.path('profile.xml');
    writeFileSync(path, '<dds><segment_size>1</segment_size></dds>');
    assert.deepEqual(view({ [variable]: path }).profile, {
      path,
      variable,
      lacks: ['receiveBufferSize'],
      isUdpOnly: false,
    });
    assert.deepEqual(view({ [variable]: '/absent.xml' }).profile?.lacks, 'file');
    assert.deepEqual(view({ [variable]: packagePath('config', 'fastdds.xml') }).profile?.lacks, []);
    const udp = view({ [variable]: packagePath('config', 'fastdds_udp.xml') }).profile;
    assert.deepEqual([udp?.lacks, udp?.isUdpOnly], [[], true]);
    assert.equal(view().profile, undefined);
  });

  it('tells memory of other users from our own', () => {
    assert.equal(view().sharedMemory, undefined);
    mkdirSync(scratch.path('dev', 'shm'), { recursive: true });
    writeFileSync(scratch.path('dev', 'shm', 'unrelated'), '');
    assert.equal(view({}, 4711).sharedMemory?.hasOtherUsers, false);
    writeFileSync(scratch.path('dev', 'shm', 'fastrtps_port7412'), '');
    assert.equal(view().sharedMemory?.hasOtherUsers, false);
    assert.equal(view({}, 4711).sharedMemory?.hasOtherUsers, true);
    assert.ok((view().sharedMemory?.totalBytes ?? 0) > 0);
  });

  it('reads the limit of the sockets and the middleware', () => {
    assert.equal(view().socketLimitBytes, undefined);
    mkdirSync(scratch.path('proc/sys/net/core'), { recursive: true });
    writeFileSync(scratch.path('proc/sys/net/core/rmem_max'), '212992\n');
    assert.equal(view().socketLimitBytes, 212992);
    assert.equal(view().middleware, 'rmw_fastrtps_cpp');
    assert.equal(view({ RMW_IMPLEMENTATION: 'rmw_cyclonedds_cpp' }).middleware, 'rmw_cyclonedds_cpp');
  });
});
