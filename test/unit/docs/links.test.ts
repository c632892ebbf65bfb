import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { packagePath } from '../../../src/core/packageRoot.js';
import { documents } from '../../helpers/docs/markdown.js';

/** Markdown without what stands in code. */
function prose(markdown: string): string {
  return markdown.replaceAll(/^( *)(```+|~~~+)[\s\S]*?^\1\2 *$/gm, '').replaceAll(/`[^`\n]*`/g, '``');
}

/** Anchors of the headings, as GitHub makes them. */
function anchors(markdown: string): readonly string[] {
  const headings = markdown.replaceAll(/^( *)(```+|~~~+)[\s\S]*?^\1\2 *$/gm, '').matchAll(/^#+ +(.+)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Links of a page to files and headings that are not there. */
function brokenLinks(file: string, markdown: string): string[] {
  return [...prose(markdown).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [path = '', anchor] = target.split('#');
      const full = path === '' ? packagePath(file) : packagePath(join(dirname(file), path));
      if (relative(packagePath(), full).startsWith('..') || !existsSync(full)) return true;
      return anchor !== undefined && !anchors(readFileSync(full, 'utf8')).includes(anchor);
    });
}

describe('links in the documents', () => {
  for (const file of documents()) {
    it(`${file} links to what is there`, () => {
      assert.deepEqual(brokenLinks(file, readFileSync(packagePath(file), 'utf8')), []);
    });
  }

  it('reach every page from README.md', () => {
    const found = new Set(['README.md']);
    for (const file of found) {
      const links = prose(readFileSync(packagePath(file), 'utf8')).matchAll(/\]\(([^)#\s]+\.md)[^)]*\)/g);
      for (const [, target = ''] of links) {
        if (!/^[a-z]+:/.test(target)) found.add(join(dirname(file), target));
      }
    }
    assert.deepEqual(
      documents().filter((file) => !found.has(file)),
      [],
    );
  });

  it('finds a broken file, a broken heading and a place outside of the repository', () => {
    const page = '[a](nowhere.md) [b](README.md#nothing) [c](../x) [d](README.md) `[e](code.md)` [f](#here)';
    assert.deepEqual(brokenLinks('x.md', page), ['nowhere.md', 'README.md#nothing', '../x', '#here']);
  });
});
