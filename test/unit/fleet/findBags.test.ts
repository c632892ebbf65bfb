import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { findBags, holdsManyBags } from '../../../src/fleet/findBags.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

describe('findBags', () => {
  const scratch = scratchFolder();

  function touch(...names: string[]): void {
    for (const name of names) {
      mkdirSync(dirname(scratch.path(name)), { recursive: true });
      writeFileSync(scratch.path(name), '');
    }
  }

  /** Names below the scratch folder. */
  async function found(...given: string[]): Promise<string[]> {
    const bags = await findBags(given);
    return bags.map(({ name }) => name.replace(`${scratch.path()}/`, ''));
  }

  it('takes a folder with a metadata.yaml as one bag, and the files of one without as many', async () => {
    touch('f/a/metadata.yaml', 'f/a/a_0.mcap', 'f/a/a_1.mcap', 'f/x.mcap', 'f/y.db3.zstd', 'f/notes.txt');
    touch('f/day/deep/z.mcap', 'f/.hidden/h.mcap');
    assert.deepEqual(await found(scratch.path('f')), [
      'f/a',
      'f/day/deep/z.mcap',
      'f/x.mcap',
      'f/y.db3.zstd',
    ]);
  });

  it("takes a killed recorder's files, named after their folder, as one bag", async () => {
    touch('f/drive/drive_0.mcap', 'f/drive/drive_1.mcap', 'f/other/drive_0.mcap', 'f/other/drive_1.mcap');
    assert.deepEqual(await found(scratch.path('f')), [
      'f/drive',
      'f/other/drive_0.mcap',
      'f/other/drive_1.mcap',
    ]);
  });

  it('sorts, and takes each once, however often and in whatever order it is named', async () => {
    touch('b.mcap', 'a.mcap', 'c/metadata.yaml');
    const paths = ['b.mcap', 'a.mcap', 'c', 'c/', './b.mcap'].map((name) => `${scratch.path()}/${name}`);
    assert.deepEqual(await found(...paths), ['a.mcap', 'b.mcap', 'c']);
  });

  it('follows no link to a folder, which may lead back', async () => {
    touch('f/a.mcap');
    symlinkSync(scratch.path('f'), scratch.path('f', 'loop'));
    assert.deepEqual(await found(scratch.path('f')), ['f/a.mcap']);
  });

  it('passes over the results of an earlier run', async () => {
    touch('f/a.mcap', 'f/out/effvit-fleet.json', 'f/out/x.mcap');
    assert.deepEqual(await found(scratch.path('f')), ['f/a.mcap']);
  });

  const patterns: readonly (readonly [pattern: string, names: readonly string[]])[] = [
    ['2026-*/*.mcap', ['2026-01/a.mcap', '2026-02/b.mcap']],
    ['2026-0?', ['2026-01/a.mcap', '2026-02/b.mcap', '2026-02/deep/c.db3']],
    ['**/*.{mcap,db3}', ['2026-01/a.mcap', '2026-02/b.mcap', '2026-02/deep/c.db3', 'x[1].mcap']],
    ['2026-0[!1]/*', ['2026-02/b.mcap', '2026-02/deep/c.db3']],
    ['x[[]1].mcap', ['x[1].mcap']],
    ['x[1].mcap', ['x[1].mcap']],
  ];
  for (const [pattern, names] of patterns) {
    it(`expands ${pattern}`, async () => {
      touch('2026-01/a.mcap', '2026-02/b.mcap', '2026-02/deep/c.db3', '2026-02/n.txt', 'x[1].mcap');
      assert.deepEqual(await found(`${scratch.path()}/${pattern}`), names);
    });
  }

  it('reads lists: relative to their folder, comments, columns of name and version', async () => {
    touch('lists/a.mcap', 'lists/day/b.mcap', 'lists/day/c.mcap');
    writeFileSync(
      scratch.path('lists', 'bags.txt'),
      [
        '# drives of May',
        'a.mcap',
        '',
        'day/*',
        '/mnt/x.mcap\ts3://robots/x.mcap\tetag-1',
        's3://robots/y.mcap',
      ].join('\r\n'),
    );
    const bags = await findBags([`@${scratch.path('lists', 'bags.txt')}`]);
    const below = (name: string): { path: string; name: string } => {
      const path = scratch.path('lists', name);
      return { path, name: path };
    };
    assert.deepEqual(bags, [
      below('a.mcap'),
      below('day/b.mcap'),
      below('day/c.mcap'),
      { path: '/mnt/x.mcap', name: 's3://robots/x.mcap', version: 'etag-1' },
      { path: 's3://robots/y.mcap', name: 's3://robots/y.mcap' },
    ]);
  });

  it('keeps a path that is not there, for whoever reads it', async () => {
    assert.deepEqual(await found(scratch.path('nowhere.mcap')), ['nowhere.mcap']);
  });

  it('refuses what names nothing, and one name for two bags', async () => {
    touch('empty/notes.txt', 'none.txt');
    await assert.rejects(findBags([scratch.path('empty')]), /There is no bag in .*empty/);
    await assert.rejects(findBags([scratch.path('*.mcap')]), /No bag matches .*\*\.mcap/);
    await assert.rejects(findBags([`@${scratch.path('none.txt')}`]), /names no bag/);
    await assert.rejects(
      findBags([`@${scratch.path('absent.txt')}`]),
      /There is no list .*absent\.txt: check the path after @/,
    );
    writeFileSync(scratch.path('two.txt'), '/a.mcap\tdrive\n/b.mcap\tdrive\n');
    await assert.rejects(
      findBags([`@${scratch.path('two.txt')}`]),
      /Two bags are named drive: \/a.mcap and \/b.mcap/,
    );
  });

  const folders: readonly (readonly [what: string, files: readonly string[], isMany: boolean])[] = [
    ['one bag', ['f/metadata.yaml', 'f/a.mcap', 'f/b.mcap'], false],
    ['one file', ['f/a.mcap'], false],
    [
      "a killed recorder's files, renamed or not",
      ['f/drive_0.mcap', 'f/drive_1.mcap', 'f/drive_10.mcap'],
      false,
    ],
    ['files of two recordings', ['f/a.mcap', 'f/b.mcap'], true],
    ['bags in folders', ['f/a/metadata.yaml', 'f/a/a_0.mcap', 'f/b/b_0.mcap'], true],
    ['a file and a bag in a folder', ['f/a.mcap', 'f/b/b_0.mcap'], true],
    ['pictures', ['f/cat/1.jpg', 'f/list.txt'], false],
  ];
  for (const [what, files, isMany] of folders) {
    it(`takes a folder with ${what} as ${isMany ? 'many bags' : 'one thing'} where it stands alone`, async () => {
      touch(...files);
      assert.equal(await holdsManyBags(scratch.path('f')), isMany);
      assert.equal(await holdsManyBags(scratch.path('f/')), isMany);
    });
  }
});
