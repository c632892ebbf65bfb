import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { classesProblem, packageProblem, packagesProblem } from '../../../../src/ros/rcl/messagesProblem.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

const PACKAGES = [
  'builtin_interfaces',
  'rosgraph_msgs',
  'rcl_interfaces',
  'lifecycle_msgs',
  'std_msgs',
  'std_srvs',
  'sensor_msgs',
  'diagnostic_msgs',
  'vision_msgs',
  'effvit',
] as const;

describe('messagesProblem', () => {
  const scratch = scratchFolder();

  /** An ament prefix with this message package. */
  function install(prefix: string, name: string, libraryFolder = join(prefix, 'lib')): void {
    const index = join(prefix, 'share', 'ament_index', 'resource_index', 'packages');
    for (const folder of [index, libraryFolder]) mkdirSync(folder, { recursive: true });
    writeFileSync(join(index, name), '');
    writeFileSync(join(libraryFolder, `lib${name}__rosidl_typesupport_c.so`), '');
  }

  describe('packagesProblem', () => {
    it('is none where every package is in some prefix with its library', () => {
      for (const name of PACKAGES) install(scratch.path(name === 'effvit' ? 'workspace' : 'ros'), name);
      const path = `${scratch.path('workspace')}:${scratch.path('ros')}`;
      assert.equal(packagesProblem({ AMENT_PREFIX_PATH: path }), undefined);
      assert.match(
        packagesProblem({ AMENT_PREFIX_PATH: scratch.path('ros') }) ?? '',
        /^The message package effvit is not on AMENT_PREFIX_PATH: build this package with colcon/,
      );
    });

    it("tells of TROS's packages where they are asked for alone", () => {
      for (const name of PACKAGES) install(scratch.path('ros'), name);
      const env = { AMENT_PREFIX_PATH: scratch.path('ros') };
      assert.equal(packagesProblem(env), undefined);
      for (const name of ['hbm_img_msgs', 'ai_msgs']) {
        assert.match(
          packageProblem(name, env) ?? '',
          new RegExp(`^The message package ${name} is not .*TROS's setup`),
        );
        install(scratch.path('ros'), name);
        assert.equal(packageProblem(name, env), undefined);
      }
    });

    it('is none where the libraries lie elsewhere on LD_LIBRARY_PATH', () => {
      for (const name of PACKAGES) install(scratch.path('ros'), name, scratch.path('arch'));
      const env = { AMENT_PREFIX_PATH: scratch.path('ros') };
      assert.match(packagesProblem(env) ?? '', /without its C type support/);
      assert.equal(packagesProblem({ ...env, LD_LIBRARY_PATH: `:${scratch.path('arch')}` }), undefined);
    });

    for (const name of PACKAGES) {
      it(`names ${name} where it, or its library, is missing`, () => {
        for (const other of PACKAGES) install(scratch.path(), other);
        const env = { AMENT_PREFIX_PATH: scratch.path() };
        rmSync(scratch.path('lib', `lib${name}__rosidl_typesupport_c.so`));
        assert.match(
          packagesProblem(env) ?? '',
          new RegExp(
            `^The message package ${name} is there without its C type support \\(lib${name}__[^:]+: [^.]*(install|build)`,
          ),
        );
        rmSync(scratch.path('share', 'ament_index', 'resource_index', 'packages', name));
        assert.match(
          packagesProblem(env) ?? '',
          new RegExp(`^The message package ${name} is not on AMENT_PREFIX_PATH: `),
        );
      });
    }
  });

  describe('classesProblem', () => {
    it('is none where every package was generated, else it names the first that was not', () => {
      for (const name of PACKAGES) mkdirSync(scratch.path('generated', name), { recursive: true });
      assert.match(
        classesProblem(scratch.path()) ?? '',
        /^The JavaScript classes of the ROS messages are not generated: run `npm run ros:setup` with ROS sourced\.$/,
      );
      writeFileSync(scratch.path('generated', 'generator.json'), '{}');
      assert.equal(classesProblem(scratch.path()), undefined);
      rmSync(scratch.path('generated', 'vision_msgs'), { recursive: true });
      assert.match(
        classesProblem(scratch.path()) ?? '',
        /^The JavaScript classes of the message package vision_msgs are not generated: run `npm run ros:setup`/,
      );
    });
  });
});
