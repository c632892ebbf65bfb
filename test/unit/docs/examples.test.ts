import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packagePath } from '../../../src/core/packageRoot.js';
import { codeBlocks, documents } from '../../helpers/docs/markdown.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

/** Folders of examples/, by the language that a block names. */
const LANGUAGES = { cpp: 'cpp', python: 'python', ts: 'typescript' } as const;
const CPP_EXAMPLE = packagePath('examples', 'cpp', 'classification_listener.cpp');
/** rclcpp itself is much to read for the compiler. */
const COMPILE_LIMIT_MS = 240_000;

interface Example {
  readonly file: string;
  readonly language: string;
  readonly text: string;
}

function examples(): readonly Example[] {
  return Object.entries(LANGUAGES).flatMap(([language, folder]) =>
    readdirSync(packagePath('examples', folder)).map((name) => ({
      file: `examples/${folder}/${name}`,
      language,
      text: readFileSync(packagePath('examples', folder, name), 'utf8').trimEnd(),
    })),
  );
}

describe('examples', () => {
  const pages = documents().map((file) => ({ file, text: readFileSync(packagePath(file), 'utf8') }));
  const blocks = pages
    .flatMap(({ file, text }) => codeBlocks(file, text))
    .filter(({ language }) => language in LANGUAGES);

  for (const { file } of examples()) {
    it(`${file} has a link from a document`, () => {
      const link = new RegExp(`\\]\\((?:\\.\\./)*${file.replaceAll('.', '\\.')}\\)`);
      assert.ok(
        pages.some(({ text }) => link.test(text)),
        `no document links to ${file}`,
      );
    });
  }

  it('are the code in the documents, as it is', () => {
    for (const { file, line, language, text } of blocks) {
      const isExample = examples().some((one) => one.language === language && one.text === text);
      assert.ok(isExample, `${file}:${line} is no file of examples/`);
    }
    assert.ok(blocks.length >= 2);
  });

  describe('in C++', function () {
    this.timeout(COMPILE_LIMIT_MS + 10_000);
    const scratch = scratchFolder();

    /** Where headers are: those of the sourced ROS first, then the doubles for what it lacks. */
    function includes(): string[] {
      const prefixes = (process.env['AMENT_PREFIX_PATH'] ?? '').split(':').filter((prefix) => prefix !== '');
      const roots = prefixes.map((prefix) => join(prefix, 'include')).filter((root) => existsSync(root));
      // Since Humble each package has a folder of its own in there.
      const packages = roots.flatMap((root) => readdirSync(root).map((name) => join(root, name)));
      return [...packages, ...roots, packagePath('test', 'fixtures', 'rclcpp')].flatMap((path) => [
        '-isystem',
        path,
      ]);
    }

    /** What the compiler has against it; empty for a program that is right. */
    function complaints(context: Mocha.Context, text: string): string {
      const file = scratch.path('example.cpp');
      writeFileSync(file, text);
      const flags = ['-std=c++17', '-fsyntax-only', '-Wall', '-Wextra', '-Wpedantic', '-Werror'];
      const done = spawnSync('g++', [...flags, ...includes(), file], {
        encoding: 'utf8',
        timeout: COMPILE_LIMIT_MS,
      });
      if ((done.error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT')
        leaveOut(context, 'no C++ compiler (g++) on this machine');
      if (done.error !== undefined) throw done.error;
      return done.status === 0 ? '' : done.stderr || `g++ ended with ${done.status}`;
    }

    it('compile without a warning', function () {
      assert.equal(complaints(this, readFileSync(CPP_EXAMPLE, 'utf8')), '');
    });

    const faults: readonly (readonly [name: string, right: string, wrong: string, complaint: RegExp])[] = [
      ['a field that is not there', 'best.score)', 'best.confidence)', /confidence/],
      ['a format that does not fit', '%.3f', '%d', /format/],
      [
        'a callback of another message',
        'const vision_msgs::msg::Classification & message',
        'const std::string & message',
        /message/,
      ],
      ['a function that is not there', 'rclcpp::spin(', 'rclcpp::run(', /run/],
    ];
    for (const [name, right, wrong, complaint] of faults) {
      it(`do not compile with ${name}`, function () {
        const text = readFileSync(CPP_EXAMPLE, 'utf8');
        assert.ok(text.includes(right));
        assert.match(complaints(this, text.replace(right, wrong)), complaint);
      });
    }
  });
});
