// The live page: shows the data of Server-Sent Events; inserted as text only, so that it cannot inject HTML.

(() => {
  const LEVELS = ['OK', 'WARN', 'ERROR', 'STALE'];
  /** The connection counts as lost after this time without an event; the node sends one each second. */
  const SILENT_MS = 5000;
  const $ = (id) => document.getElementById(id);

  const make = (tag, className = '', text = '') => {
    const element = document.createElement(tag);
    if (className !== '') element.className = className;
    if (text !== '') element.textContent = text;
    return element;
  };
  const setText = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };
  const percent = (share) => `${Math.min(100, Math.max(0, 100 * share)).toFixed(1)}%`;
  const ms = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));
  const count = (value) => Number(value).toLocaleString('en-US');
  const known = (value, digits, unit) => (Number.isFinite(value) ? `${value.toFixed(digits)}${unit}` : 'n/a');

  /** Keeps one child per item, updated by `show(child, item)`; existing children are reused and keep their focus. */
  const list = (parent, items, create, show) => {
    while (parent.children.length > items.length) parent.lastElementChild.remove();
    items.forEach((item, index) => {
      const child = parent.children[index] ?? parent.appendChild(create());
      show(child, item, index);
    });
  };

  const barRow = () => {
    const row = make('li');
    const track = make('div', 'track');
    track.append(make('div', 'fill'));
    row.append(make('span', 'label'), make('span', 'score'), track, make('span', 'note'));
    return row;
  };
  const showBar = (row, label, value, share, text = '') => {
    const [name, number, track, note] = row.children;
    setText(name, label);
    name.title = label;
    setText(number, value);
    track.firstElementChild.style.width = percent(share);
    setText(note, text);
  };

  /** By camera. */
  const cards = new Map();
  let drops = {};

  const makeCard = (name) => {
    const root = make('article', 'camera');
    const title = make('h3', '', name);
    title.id = `camera-${cards.size}`;
    root.setAttribute('aria-labelledby', title.id);
    const picture = make('div', 'picture');
    const image = make('img');
    image.alt = `The newest picture of ${name}`;
    image.hidden = true;
    const hint = make('span', 'empty', 'no picture yet');
    const boxes = make('div', 'boxes');
    boxes.setAttribute('aria-hidden', 'true');
    picture.append(image, hint, boxes);
    const results = make('ol', 'results');
    results.setAttribute('aria-label', `Results of ${name}, best first`);
    // Shown while smoothing is on, so that the two lists can be told apart.
    const rawTitle = make('h4', 'kind', 'Raw: this frame');
    const smoothedTitle = make('h4', 'kind', 'Smoothed over time');
    const smoothed = make('ol', 'results');
    smoothed.setAttribute('aria-label', `Smoothed results of ${name}, the held class first`);
    const none = make('p', 'empty', 'no result above the threshold');
    none.hidden = true;
    const way = make('div', 'way');
    way.setAttribute('aria-hidden', 'true');
    const key = make('ul', 'key');
    key.setAttribute('aria-label', 'Where the time of this frame went');
    const facts = make('p', 'facts');
    const dropped = make('p', 'facts');
    const state = make('p', 'facts');
    for (const part of [rawTitle, smoothedTitle, smoothed]) part.hidden = true;
    root.append(
      title,
      picture,
      rawTitle,
      results,
      none,
      smoothedTitle,
      smoothed,
      way,
      key,
      facts,
      dropped,
      state,
    );
    $('cameras').append(root);
    $('no-cameras').hidden = true;
    const card = {
      root,
      picture,
      boxes,
      image,
      hint,
      results,
      rawTitle,
      smoothedTitle,
      smoothed,
      none,
      way,
      key,
      facts,
      dropped,
      state,
      isLoading: false,
      waiting: undefined,
    };
    cards.set(name, card);
    return card;
  };
  const cardOf = (name) => cards.get(name) ?? makeCard(name);

  const showResults = (card, frame) => {
    const regions = frame.regions.map((region, index) => {
      const { label, score } = region.smoothed ?? region;
      const isSmoothed = region.smoothed !== undefined;
      const note = isSmoothed ? `smoothed; raw: ${region.label} ${region.score.toFixed(3)}` : '';
      return { ...region, number: index + 1, label: `${index + 1}: ${label}`, name: label, score, note };
    });
    const shown = regions.length > 0 ? regions : frame.results;
    const showRow = (row, { label, score, note }) => showBar(row, label, score.toFixed(3), score, note);
    list(card.results, shown, barRow, showRow);
    list(card.smoothed, frame.smoothed, barRow, showRow);
    for (const part of [card.rawTitle, card.smoothedTitle, card.smoothed])
      part.hidden = frame.smoothed.length === 0;
    card.none.hidden = shown.length > 0;
    // Uses the frame's aspect ratio, so that boxes match their regions.
    if (frame.widthPx > 0) card.picture.style.aspectRatio = `${frame.widthPx} / ${frame.heightPx}`;
    list(
      card.boxes,
      frame.roi === undefined ? regions : [frame.roi, ...regions],
      () => make('div', 'box'),
      (box, region) => {
        const isRoi = region === frame.roi;
        box.className = isRoi ? 'box roi' : 'box';
        box.hidden = region.widthPx === 0;
        setText(box, isRoi ? 'roi' : `${region.number} ${region.name}`);
        box.style.left = percent(region.leftPx / frame.widthPx);
        box.style.top = percent(region.topPx / frame.heightPx);
        box.style.width = percent(region.widthPx / frame.widthPx);
        box.style.height = percent(region.heightPx / frame.heightPx);
      },
    );
    const passed = frame.stages.map((stage, index) => ({ ...stage, index })).filter((stage) => stage.ms > 0);
    list(
      card.way,
      passed,
      () => make('span'),
      (part, stage) => {
        part.className = `s${stage.index}`;
        part.style.width = percent(stage.ms / Math.max(frame.totalMs, 1e-6));
      },
    );
    list(
      card.key,
      passed.filter((stage) => stage.ms >= frame.totalMs / 50),
      () => {
        const item = make('li');
        item.append(make('i'), make('span'));
        return item;
      },
      (item, stage) => {
        item.firstElementChild.className = `s${stage.index}`;
        setText(item.lastElementChild, `${stage.name} ${ms(stage.ms)} ms`);
      },
    );
    setText(
      card.facts,
      `frame ${count(frame.sequence)}, ${frame.widthPx} x ${frame.heightPx}, total ${ms(frame.totalMs)} ms, stamp ${frame.stamp}${frame.frameId === '' ? '' : `, ${frame.frameId}`}`,
    );
  };

  /** Shows the picture first, then its results. One picture is loaded at a time, so a slow connection gets fewer. */
  const showFrame = (frame) => {
    const card = cardOf(frame.camera);
    if (frame.picture === undefined) {
      if (!card.isLoading) showResults(card, frame);
      return;
    }
    if (card.isLoading) {
      card.waiting = frame;
      return;
    }
    card.isLoading = true;
    const next = new Image();
    const ended = (isLoaded) => {
      card.isLoading = false;
      if (isLoaded) {
        card.image.src = next.src;
        card.image.hidden = false;
        card.hint.hidden = true;
      }
      showResults(card, frame);
      const { waiting } = card;
      card.waiting = undefined;
      if (waiting !== undefined && !isHeld) showFrame(waiting);
    };
    next.onload = () => ended(true);
    next.onerror = () => ended(false);
    next.src = `picture?camera=${encodeURIComponent(frame.camera)}&n=${frame.picture}&of=${startId}`;
  };

  const causesOf = (causes) =>
    Object.entries(causes)
      .map(([cause, number]) => `${cause} ${count(number)}`)
      .join(', ');

  const showDrops = () => {
    for (const [name, causes] of Object.entries(drops)) {
      const text = causesOf(causes);
      setText(cardOf(name).dropped, text === '' ? '' : `dropped: ${text}`);
    }
  };

  const showStatistics = (statistics) => {
    setText($('model'), `${statistics.model} on ${statistics.runtime}`);
    $('simulated').hidden = !statistics.is_simulated;
    $('paused').hidden = statistics.is_paused !== true;
    const dropped = statistics.dropped.filter((one) => one.count > 0);
    const total = dropped.reduce((sum, one) => sum + one.count, 0);
    const tiles = [
      ['results a second', statistics.fps.toFixed(1)],
      ['received', count(statistics.received)],
      ['published', count(statistics.published)],
      ['dropped', count(total)],
      ['missing', count(statistics.missing)],
      ['in flight', count(statistics.in_flight)],
      ['threads', `${statistics.workers_serving} of ${statistics.threads}`],
      ['CPU of one core', known(statistics.cpu_load_percent ?? Number.NaN, 0, ' %')],
      ['BPU', known(statistics.bpu_load_percent ?? Number.NaN, 0, ' %')],
      ['memory', known(statistics.memory_mib ?? Number.NaN, 0, ' MiB')],
      ['hottest sensor', known(statistics.temperature_celsius ?? Number.NaN, 0, ' °C')],
    ].filter(([, value]) => value !== 'n/a');
    list(
      $('tiles'),
      tiles,
      () => {
        const tile = make('div');
        tile.append(make('dt'), make('dd'));
        return tile;
      },
      (tile, [name, value]) => {
        setText(tile.firstElementChild, name);
        setText(tile.lastElementChild, value);
      },
    );
    const stages = statistics.stages.filter((stage) => stage.count > 0);
    list(
      $('stages'),
      stages,
      () => {
        const row = make('tr');
        const head = make('th');
        head.scope = 'row';
        row.append(head, ...Array.from({ length: 5 }, () => make('td')));
        return row;
      },
      (row, { name, count: frames, p50_ms, p95_ms, p99_ms, max_ms }) => {
        const cells = [name, count(frames), ms(p50_ms), ms(p95_ms), ms(p99_ms), ms(max_ms)];
        cells.forEach((text, index) => {
          setText(row.children[index], text);
        });
      },
    );
    $('no-stages').hidden = stages.length > 0;
    list($('drops'), dropped, barRow, (row, { cause, count: number }) =>
      showBar(row, cause, count(number), number / Math.max(1, statistics.received)),
    );
    $('no-drops').hidden = dropped.length > 0;
  };

  const showDiagnostics = (statuses) => {
    sortCards(statuses);
    // ERROR before STALE before WARN.
    const graver = [0, 1, 3, 2];
    const worst = statuses.reduce(
      (level, status) => (graver[status.level] > graver[level] ? status.level : level),
      0,
    );
    const bad = statuses.filter((status) => status.level !== 0).length;
    setText(
      $('worst'),
      bad === 0 ? 'All is well.' : `${bad} of ${statuses.length} need a look, the worst is ${LEVELS[worst]}.`,
    );
    list(
      $('diagnostics'),
      statuses,
      () => {
        const item = make('li');
        const head = make('div', 'head');
        head.append(make('span', 'level'), make('strong'), make('span'));
        const details = make('details');
        details.append(make('summary', '', 'values'), make('dl', 'values'));
        item.append(head, details);
        return item;
      },
      (item, status) => {
        const [level, name, message] = item.firstElementChild.children;
        level.dataset.level = String(status.level);
        setText(level, LEVELS[status.level] ?? '?');
        setText(name, status.name);
        setText(message, status.message);
        const values = item.lastElementChild.lastElementChild;
        const flat = status.values.flatMap(({ key, value }) => [
          { tag: 'dt', text: key },
          { tag: 'dd', text: value },
        ]);
        if (values.children.length !== flat.length)
          values.replaceChildren(...flat.map(({ tag }) => make(tag)));
        flat.forEach(({ text }, index) => {
          setText(values.children[index], text);
        });
        const camera = /: camera (.+)$/.exec(status.name)?.[1];
        if (camera !== undefined)
          setText(cardOf(camera).state, `${LEVELS[status.level] ?? '?'}: ${status.message}`);
      },
    );
  };

  /** In the node's order, not that of the first events. */
  const sortCards = (statuses) => {
    const names = statuses.flatMap(({ name }) => /: camera (.+)$/.exec(name)?.[1] ?? []);
    names.forEach((name, index) => {
      const { root } = cardOf(name);
      const there = $('cameras').children[index];
      if (there !== root) $('cameras').insertBefore(root, there ?? null);
    });
  };

  let source;
  let lastHeardMs = 0;
  let isHeld = false;
  let hasPictures = true;
  /** Of the start of the node that is shown. */
  let startId;

  /** After a restart of the node it may have other cameras, and counts its pictures anew. */
  const greet = ({ title, id }) => {
    setText($('title'), title);
    document.title = `${title} - effvit`;
    if (id === startId) return;
    startId = id;
    for (const { root } of cards.values()) root.remove();
    cards.clear();
    $('no-cameras').hidden = false;
  };

  const tell = (state, text) => {
    $('connection').dataset.state = state;
    setText($('connection'), text);
  };
  const on = (name, show) =>
    source.addEventListener(name, (event) => {
      lastHeardMs = performance.now();
      tell('live', 'Live');
      if (!isHeld) show(JSON.parse(event.data));
      // For tests: the page has something to show.
      if (name === 'statistics' || name === 'diagnostics') document.documentElement.dataset.ready = 'yes';
    });

  const connect = () => {
    source?.close();
    source = new EventSource(`events?pictures=${hasPictures ? 1 : 0}`);
    source.onerror = () => {
      tell('lost', 'Connection lost, trying again …');
      // A browser does not reconnect after it was rejected.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => !document.hidden && connect(), 3000);
    };
    on('hello', greet);
    on('statistics', showStatistics);
    on('diagnostics', showDiagnostics);
    on('frame', showFrame);
    on('drops', (counts) => {
      drops = counts;
      showDrops();
    });
  };

  setInterval(() => {
    if (source.readyState === EventSource.OPEN && performance.now() - lastHeardMs > SILENT_MS)
      tell('lost', 'Nothing was heard for some seconds');
  }, 1000);
  // A hidden page disconnects, so that it costs the node nothing.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) source.close();
    else connect();
  });
  $('hold').addEventListener('click', () => {
    isHeld = !isHeld;
    $('hold').setAttribute('aria-pressed', String(isHeld));
  });
  $('pictures').addEventListener('click', () => {
    hasPictures = !hasPictures;
    $('pictures').setAttribute('aria-pressed', String(hasPictures));
    for (const { image, hint } of cards.values()) {
      image.hidden = true;
      hint.hidden = false;
      setText(hint, hasPictures ? 'no picture yet' : 'pictures are off');
    }
    connect();
  });
  connect();
})();
