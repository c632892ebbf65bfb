import assert from 'node:assert/strict';
import { PictureNotices } from '../../../src/image/pictureNotes.js';

describe('PictureNotices', () => {
  it('tells each note once for each source', () => {
    const said: string[] = [];
    const notices = new PictureNotices((text) => said.push(text));
    for (const source of ['/a', '/a', '/b', '']) notices.report(source, ['grey']);
    notices.report('/a', ['stray_bytes', 'grey']);
    notices.report('/a', []);
    assert.deepEqual(
      said.map((text) => text.replace(/ (are|have) .*/, ' $1')),
      [
        'Pictures from /a are',
        'Pictures from /b are',
        'Pictures from an unnamed source are',
        'Pictures from /a have',
      ],
    );
  });

  it('does not report a thousand files', () => {
    const said: string[] = [];
    const notices = new PictureNotices((text) => said.push(text));
    for (let index = 0; index < 1000; index++) notices.report(`${index}.jpg`, ['stray_bytes']);
    assert.equal(said.length, 21);
    assert.match(said.at(-1) ?? '', /not reported/);
  });
});
