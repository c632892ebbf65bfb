// What the live page shows of its state. Runs in a browser, after Mithril and parts.js, before live.js, which calls it.
window.effvitLiveView = (() => {
  const { number, percent, section, tiles, bar, table } = window.effvitParts;
  const LEVELS = ['OK', 'WARN', 'ERROR', 'STALE'];
  /** From the best to the worst. */
  const BY_GRAVITY = [0, 1, 3, 2];
  /** In the order in which a frame passes them. */
  const STAGES = 'queue_wait copy handover decode preprocess batch_wait inference postprocess delivery'.split(
    ' ',
  );
  const count = (value) => Number(value).toLocaleString('en-US');
  const levelOf = ({ level }) => LEVELS[level] ?? '?';

  /** A region's class, the smoothed one if there is one, or why it has none. */
  const shownRegion = (region, index) => {
    const { results, smoothed_results: smoothed, unknown_cause } = region;
    const raw = results[0] ?? { label: unknown_cause || 'none above the threshold', score: 0 };
    const { label, score } = smoothed[0] ?? raw;
    const note = smoothed.length > 0 && `smoothed; raw: ${raw.label} ${raw.score.toFixed(3)}`;
    const place = [region.left_px, region.top_px, region.width_px, region.height_px];
    return { label: `${index + 1}: ${label}`, score, note, place, boxText: `${index + 1} ${label}` };
  };

  const resultList = (title, results) => {
    const row = ({ label, score, note }, index) => {
      const colour = index === 0 ? 'var(--good)' : 'var(--accent)';
      return bar({ name: label, value: score.toFixed(3), share: score, note, colour });
    };
    return m('ol.results.plain', { 'aria-label': title }, results.map(row));
  };

  const box = (tag, frame, [left, top, width, height], text) => {
    const style = {
      left: percent(left / frame.width_px),
      top: percent(top / frame.height_px),
      width: percent(width / frame.width_px),
      height: percent(height / frame.height_px),
    };
    return width > 0 && m(tag, { style }, text);
  };

  /** The part of the frame that is classified, unless all of it is, and its regions. */
  const boxes = (frame, regions) => {
    const size = [frame.region_width_px, frame.region_height_px];
    const isWhole = size[0] === frame.width_px && size[1] === frame.height_px;
    const roi = [frame.region_left_px, frame.region_top_px, ...size];
    return [
      !isWhole && box('.box.roi', frame, roi, 'roi'),
      regions.map(({ place, boxText }) => box('.box', frame, place, boxText)),
    ];
  };

  /** Where the time of a frame went: a line, and the stages that took 2 % of it or more. */
  const way = (frame) => {
    const totalMs = Math.max(frame.total_ns / 1e6, 1e-6);
    const passed = STAGES.map((name, index) => ({
      name,
      ms: frame[`${name}_ns`] / 1e6,
      background: `var(--c${index})`,
    })).filter(({ ms }) => ms > 0);
    const part = ({ ms, background }) => m('span', { style: { background, width: percent(ms / totalMs) } });
    const item = ({ name, ms, background }) =>
      m('li', m('i', { style: { background } }), `${name} ${number(ms)} ms`);
    const key = passed.filter(({ ms }) => ms >= totalMs / 50).map(item);
    return [
      m('.way.track', { 'aria-hidden': 'true' }, passed.map(part)),
      m('ul.key.plain.dim.small', { 'aria-label': 'Where the time of this frame went' }, key),
    ];
  };

  const facts = ({ header: { stamp, frame_id }, sequence, width_px, height_px, total_ns }) => {
    const seconds = `${stamp.sec}.${String(stamp.nanosec).padStart(9, '0')}`;
    const size = `${width_px} x ${height_px}`;
    const parts = [
      `frame ${count(sequence)}`,
      size,
      `total ${number(total_ns / 1e6)} ms`,
      `stamp ${seconds}`,
    ];
    return [...parts, frame_id].filter((part) => part !== '').join(', ');
  };

  const frameParts = (name, frame, regions) => {
    const shown = regions.length > 0 ? regions : frame.results;
    const smoothed = frame.smoothed_results;
    return [
      // Both titles, so that the two lists can be told apart.
      smoothed.length > 0 && m('h4.kind.dim.small', 'Raw: this frame'),
      resultList(`Results of ${name}, best first`, shown),
      shown.length === 0 && m('p.dim', 'no result above the threshold'),
      smoothed.length > 0 && [
        m('h4.kind.dim.small', 'Smoothed over time'),
        resultList(`Smoothed results of ${name}, the held class first`, smoothed),
      ],
      way(frame),
      m('p.facts.dim.small', facts(frame)),
    ];
  };

  const cameraCard = ([name, { frame, picture, status }], index, { drops, hasPictures }) => {
    const id = `camera-${index}`;
    const regions = frame?.regions.map(shownRegion) ?? [];
    const causes = Object.entries(drops[name] ?? {}).map(([cause, frames]) => `${cause} ${count(frames)}`);
    // The frame's aspect ratio, so that boxes match their regions.
    const style = frame?.width_px > 0 ? { aspectRatio: `${frame.width_px} / ${frame.height_px}` } : {};
    return m('article.camera.card', { key: name, 'aria-labelledby': id }, [
      m('h3', { id }, name),
      m('.picture', { style }, [
        m('img', { alt: `The newest picture of ${name}`, hidden: picture === undefined, src: picture }),
        picture === undefined && m('span.dim', hasPictures ? 'no picture yet' : 'pictures are off'),
        m('.boxes', { 'aria-hidden': 'true' }, frame && boxes(frame, regions)),
      ]),
      frame && frameParts(name, frame, regions),
      causes.length > 0 && m('p.facts.dim.small', `dropped: ${causes.join(', ')}`),
      status && m('p.facts.dim.small', `${levelOf(status)}: ${status.message}`),
    ]);
  };

  const pipeline = ({ statistics }) => {
    if (statistics === undefined) return undefined;
    const dropped = statistics.dropped.filter((one) => one.count > 0);
    const dropBar = ({ cause, count: frames }) => {
      const share = frames / Math.max(1, statistics.received);
      return bar({ name: cause, value: count(frames), share, colour: 'var(--warn)' });
    };
    const known = (value, unit) => (Number.isFinite(value) ? `${value.toFixed(0)} ${unit}` : undefined);
    const figures = [
      ['results a second', statistics.fps.toFixed(1)],
      ['received', count(statistics.received)],
      ['published', count(statistics.published)],
      ['dropped', count(dropped.reduce((sum, one) => sum + one.count, 0))],
      ['missing', count(statistics.missing)],
      ['in flight', count(statistics.in_flight)],
      ['threads', `${statistics.workers_serving} of ${statistics.threads}`],
      ['CPU of one core', known(statistics.cpu_load_percent, '%')],
      ['BPU', known(statistics.bpu_load_percent, '%')],
      ['memory', known(statistics.memory_mib, 'MiB')],
      ['hottest sensor', known(statistics.temperature_celsius, '°C')],
    ];
    const stages = statistics.stages
      .filter((one) => one.count > 0)
      .map((one) => {
        const times = [one.p50_ms, one.p95_ms, one.p99_ms, one.max_ms];
        return [one.name, count(one.count), ...times.map(number)];
      });
    const head = ['stage', 'frames', 'p50', 'p95', 'p99', 'max'];
    return [
      tiles(figures.filter(([, value]) => value !== undefined)),
      m('.columns', [
        m('.card', [
          table('stages', head, stages, 'Stages of the last second, in milliseconds'),
          stages.length === 0 && m('p.dim', 'No frame in the last second.'),
        ]),
        m('.card', [
          m('h3', 'Frames dropped, by cause'),
          m('ul#drops.plain', dropped.map(dropBar)),
          dropped.length === 0 && m('p.dim', 'None.'),
        ]),
      ]),
    ];
  };

  const diagnostics = ({ statuses }) => {
    if (statuses === undefined) return undefined;
    const bad = statuses.filter(({ level }) => level !== 0);
    const worst = BY_GRAVITY.findLast((level) => statuses.some((status) => status.level === level));
    const verdict = `${bad.length} of ${statuses.length} need a look, the worst is ${LEVELS[worst]}.`;
    const item = (status) =>
      m('li.card', [
        m('.head', [
          m('span.level', { 'data-level': status.level }, levelOf(status)),
          m('strong', status.name),
          m('span', status.message),
        ]),
        m('details', [
          m('summary', 'values'),
          m(
            'dl.pairs.small',
            status.values.map(({ key, value }) => [m('dt', key), m('dd', value)]),
          ),
        ]),
      ]);
    return [
      m('p#worst.dim', { role: 'status' }, bad.length === 0 ? 'All is well.' : verdict),
      m('ul.diagnostics.plain', statuses.map(item)),
    ];
  };

  const toggle = (id, text, isOn, flip) =>
    m('button[type=button]', { id, 'aria-pressed': String(isOn), onclick: flip }, text);

  return (state) => [
    m('a.skip[href=#cameras]', 'To the cameras'),
    m('header', [
      m('.head', [
        m('h1', state.title),
        m(
          'p#connection.dim',
          { role: 'status', 'data-state': state.connection.state },
          state.connection.text,
        ),
      ]),
      state.statistics && m('p.dim', `${state.statistics.model} on ${state.statistics.runtime}`),
      state.statistics?.is_simulated && m('p.banner', 'SIMULATED: not the times or results of that hardware'),
      m(
        'p#paused.banner',
        { hidden: state.statistics?.is_paused !== true },
        'PAUSED: no camera is listened to until ~/enable is called with true',
      ),
      m('.controls', [
        toggle('pictures', 'Pictures', state.hasPictures, state.togglePictures),
        toggle('hold', 'Hold still', state.isHeld, state.toggleHold),
      ]),
    ]),
    m('main', [
      section('cameras', 'Cameras', [
        state.cards.size === 0 && m('p.dim', 'No camera yet: the node tells of them while it is active.'),
        m(
          '.cameras',
          [...state.cards].map((entry, index) => cameraCard(entry, index, state)),
        ),
      ]),
      section('pipeline', 'Pipeline', pipeline(state)),
      section('diagnostics', 'Diagnostics', diagnostics(state)),
    ]),
  ];
})();
