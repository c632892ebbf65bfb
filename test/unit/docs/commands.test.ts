import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { packagePath } from '../../../src/core/packageRoot.js';
import { DocChecker } from '../../helpers/docs/DocChecker.js';
import { documents, inlineCommands, shellBlocks } from '../../helpers/docs/markdown.js';

const DOCUMENTS = documents();

function problemsOf(file: string, markdown: string): readonly string[] {
  const checker = new DocChecker();
  for (const block of shellBlocks(file, markdown)) checker.block(block);
  for (const command of inlineCommands(file, markdown)) checker.inline(command);
  return checker.problems;
}

const inBlock = (...lines: string[]): string => ['text', '', '```sh', ...lines, '```', ''].join('\n');

describe('commands in the documents', () => {
  for (const file of DOCUMENTS) {
    it(`${file} has only commands that exist, marked where they need more than a clone`, () => {
      assert.deepEqual(problemsOf(file, readFileSync(packagePath(file), 'utf8')), []);
    });
  }

  it('looks at enough of them', () => {
    const found = DOCUMENTS.flatMap((file) => shellBlocks(file, readFileSync(packagePath(file), 'utf8')));
    assert.ok(found.length >= 6, String(found.length));
  });
});

describe('the check of documented commands', () => {
  const wrong: readonly (readonly [name: string, lines: readonly string[], problem: RegExp])[] = [
    ['a command that is not there', ['effvit clasify PICTURE'], /unknown command/],
    ['an option that is not there', ['effvit bench --thread 2'], /unknown option/],
    ['a value that is refused', ['effvit bench --threads 99'], /Expected integers from 1 to 16/],
    ['an argument too few', ['effvit replay --json'], /missing required argument/],
    ['an argument too many', ['effvit doctor BAG'], /too many arguments/],
    ['an option that must be there', ['effvit quantize config/efficientvit_m5.yaml'], /--calibration/],
    ['a file that is not there', ['effvit replay bags/signs_drove'], /there is no bags\/signs_drove/],
    [
      'a file that a later line writes',
      ['effvit bench --compare b.json', 'effvit bench --json > b.json'],
      /no b\.json/,
    ],
    ['a model that is not there', ['effvit bench --model efficientvit_m9'], /no model efficientvit_m9/],
    ['a script that is not there', ['npm run benhc'], /no script benhc/],
    [
      'a program inside of ROS that is not there',
      ['# needs Python', 'npm run ros -- rso2 topic'],
      /nobody knows rso2/,
    ],
    [
      'a launch argument that is not declared',
      ['# needs ROS 2', 'ros2 launch effvit classifier.launch.py thread:=2'],
      /no argument thread/,
    ],
    [
      'a parameter that is not there',
      ['# needs ROS 2', 'ros2 param set /classifier thread 2'],
      /no parameter thread/,
    ],
    ['a parameter out of its range', ['# needs ROS 2', 'ros2 param set /classifier threads 40'], /threads/],
    ['ROS without saying so', ['ros2 topic echo /classification'], /# needs ROS 2/],
    ['a board without saying so', ['effvit bench --backend bpu'], /# needs a board/],
    ['a board behind a pipe', ['effvit bench --json | effvit bench --backend bpu'], /# needs a board/],
    ['the internet without saying so', ['effvit model pull efficientvit_m5'], /# needs the internet/],
    ['a need that nobody knows', ['# needs patience', 'npm start'], /found patience/],
    ['a program that nobody knows', ['wget example.org'], /nobody knows wget/],
    ['a script that was moved', ['node build/test/bench/pol.bench.js'], /there is no build/],
  ];
  for (const [name, lines, problem] of wrong) {
    it(`finds ${name}`, () => {
      const problems = problemsOf('x.md', inBlock(...lines));
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] ?? '', problem);
    });
  }

  it('finds a command in a block without a language, and in the running text', () => {
    assert.equal(problemsOf('x.md', '```\neffvit clasify PICTURE\n```').length, 1);
    assert.equal(problemsOf('x.md', 'Use `effvit clasify PICTURE`.').length, 1);
    assert.deepEqual(problemsOf('x.md', '```text\neffvit clasify PICTURE\n```'), []);
  });

  it('finds nothing where all is well', () => {
    const lines = [
      'npm start',
      'npx effvit replay bags/signs_drive --report drive.html \\',
      '  --save-expected e.json   # a comment with `quotes" in it',
      'effvit replay bags/signs_drive --expect e.json && effvit bench --backend bpu_sim --json > old.json',
      'effvit bench --backend bpu_sim --compare old.json',
      'effvit quantize config/efficientvit_m5.yaml --model efficientvit_m5_signs --calibration bags/signs_drive',
      'effvit classify PICTURE.jpg --model efficientvit_m5_224x224_nv12_int8.onnx --annotate "my picture.png"',
      'source <(effvit completion bash)',
    ];
    assert.deepEqual(problemsOf('x.md', inBlock(...lines)), []);
    const board = [
      '# needs a board and the internet: not tried',
      'effvit model pull efficientvit_m5 --for rdk-x5',
    ];
    assert.deepEqual(problemsOf('x.md', inBlock(...board, 'effvit bench --backend bpu')), []);
  });
});
