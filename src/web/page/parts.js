// Parts that the live page and the replay report are drawn of. Runs in a browser, after Mithril.
window.effvitParts = (() => {
  const number = (value) =>
    value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
  const percent = (share) => `${Math.min(100, Math.max(0, 100 * share)).toFixed(1)}%`;

  const section = (id, title, ...content) =>
    m('section', { id, 'aria-labelledby': `${id}-title` }, m(`h2#${id}-title`, title), content);

  /** Figures in large letters. @param figures pairs of a name and a value */
  const tiles = (figures) =>
    m(
      'dl#tiles.tiles',
      figures.map(([name, value]) => m('div', m('dt', name), m('dd', value))),
    );

  /** A value with its bar, an item of a list. @param share its length, 0 to 1 */
  const bar = ({ name, value, share, colour, note }) =>
    m(
      'li.bar',
      m('span.name', { title: name }, name),
      m('span.number', value),
      m('.track', m('.fill', { style: { width: percent(share), background: colour } })),
      note && m('span.note.dim.small', note),
    );

  /** @param rows texts; none of them: no table */
  const table = (id, head, rows, caption) =>
    rows.length > 0 &&
    m(
      '.scroll',
      m(
        'table',
        caption && m('caption', caption),
        m(
          'thead',
          m(
            'tr',
            head.map((title) => m('th', { scope: 'col' }, title)),
          ),
        ),
        m(
          'tbody',
          { id },
          rows.map((cells) =>
            m(
              'tr',
              cells.map((text) => m('td', text)),
            ),
          ),
        ),
      ),
    );

  return { number, percent, section, tiles, bar, table };
})();
