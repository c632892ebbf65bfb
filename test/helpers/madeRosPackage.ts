import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** A package of the shape that scripts/ros expects, with an rclnodejs that is a folder and a package.json. */
export function makeRosPackage(root: string): void {
  write(join(root, 'package.json'), '{ "name": "effvit" }');
  write(join(root, 'package.xml'), '<package format="3"/>');
  write(join(root, 'CMakeLists.txt'), 'project(effvit)\n');
  write(join(root, 'msg', 'Report.msg'), 'int32 a\n');
  for (const name of ['vision_msgs', 'hbm_img_msgs', 'ai_msgs']) {
    write(join(root, 'ros', name, 'package.xml'), '<package format="3"/>');
    write(join(root, 'ros', name, 'CMakeLists.txt'), `project(${name})\n`);
    write(join(root, 'ros', name, 'msg', 'Some.msg'), 'int32 b\n');
  }
  write(join(root, 'launch', 'classifier.launch.py'), '');
  write(join(root, 'bin', 'classifier_node'), '');
  write(
    join(root, 'node_modules', 'rclnodejs', 'package.json'),
    '{ "name": "rclnodejs", "version": "2.2.0" }',
  );
}

/** A prefix that looks like an official ROS; `packages` are put into it with their message files. */
export function makeOfficialRos(
  root: string,
  distro: string,
  packages: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
): NodeJS.ProcessEnv {
  write(join(root, 'bin', 'ros2'), '#!/bin/sh\n');
  chmodSync(join(root, 'bin', 'ros2'), 0o755);
  write(join(root, 'share', 'rcl', 'package.xml'), '<package format="3"/>');
  for (const [name, messages] of Object.entries(packages)) {
    write(join(root, 'share', name, 'package.xml'), '<package format="3"/>');
    for (const [file, text] of Object.entries(messages)) write(join(root, 'share', name, 'msg', file), text);
  }
  return { ROS_DISTRO: distro, ROS_VERSION: '2', AMENT_PREFIX_PATH: root, PATH: `${root}/bin:/usr/bin` };
}

/** Marks steps of a folder as done, as the set-up does. */
export function markDone(folder: string, names: readonly string[]): void {
  for (const name of names) write(join(folder, '.done', name), '');
}
