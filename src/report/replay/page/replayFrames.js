// The frames of a replay report: a strip of thumbnails, and one frame in full. Runs in a browser, after Mithril and
// parts.js, before replay.js, which calls it.
window.effvitFrames = (report, parent) => {
  const { bar } = window.effvitParts;
  const { frames, thumbnails, labels, cameras } = report;
  const count = frames.sequence.length;
  const cellOfSequence = new Map(thumbnails.frames.map((sequence, cell) => [sequence, cell]));
  const rowOfSequence = new Map(frames.sequence.map((sequence, row) => [sequence, row]));
  const rowOfCell = thumbnails.frames.map((sequence) => rowOfSequence.get(sequence));

  const { widthPx, heightPx, columns, rows, sheets } = thumbnails;
  const urls = sheets.map((sheet) => `url(${sheet})`);
  // Made once: a sheet has 100 KB, which Mithril would compare at every step for every cell of a new style.
  const styles = rowOfCell.map((_, cell) => {
    const within = cell % (columns * rows);
    return {
      backgroundImage: urls[Math.floor(cell / (columns * rows))],
      backgroundPosition: `${-(within % columns) * widthPx}px ${-Math.floor(within / columns) * heightPx}px`,
    };
  });

  const picture = (cell, row) => m('span.picture', { style: styles[cell] }, boxes(frames.regions?.[row]));
  /** The boxes of a frame's regions, over its thumbnail, which has the frame's shape within the cell. */
  const boxes = (regions) => {
    if (!regions) return undefined;
    const scale = Math.min(widthPx / regions.widthPx, heightPx / regions.heightPx);
    const leftPx = (widthPx - regions.widthPx * scale) / 2;
    const topPx = (heightPx - regions.heightPx * scale) / 2;
    const box = ([left, top, width, height]) => {
      const place = { left: leftPx + left * scale, top: topPx + top * scale };
      const size = { width: width * scale, height: height * scale };
      const lengths = Object.entries({ ...place, ...size }).map(([name, px]) => [name, `${px}px`]);
      return m('i.box', { style: Object.fromEntries(lengths) });
    };
    return regions.boxes.filter((one) => one !== null).map(box);
  };

  /** What the strip shows, and of how many frames: the network saw whole frames, or only their regions. */
  const stripHint = () => {
    const shown = rowOfCell.length;
    const them = shown === 1 ? 'it' : 'them';
    const seen = frames.regions ? ' with what a detector found' : `, as the network saw ${them}`;
    if (count === 0) return 'The recording gave no frame.';
    if (shown === 0) return 'No frame has results, so there is nothing to show in pictures.';
    if (shown < count) return `${shown} of ${count} frames${seen}; the slider steps through all.`;
    return `${count === 1 ? 'The frame' : `All ${count} frames`}${seen}.`;
  };

  const thumbnail = (row, cell, marked) => {
    const regions = frames.regions?.[row]?.ids.length;
    const [top] = frames.results[row];
    const name =
      regions !== undefined
        ? `${regions} ${regions === 1 ? 'region' : 'regions'}`
        : (labels[top] ?? 'no result');
    const score = top === undefined ? '' : ` ${frames.results[row][1].toFixed(2)}`;
    const camera = cameras[frames.camera[row]];
    // One stop for the tabulator; the arrow keys go on from there.
    const tabindex = cell === marked ? 0 : -1;
    const title = `${name}${score}, ${camera}`;
    return m(
      'button[type=button]',
      { title, tabindex, 'aria-pressed': String(cell === marked), onclick: () => choose(row) },
      picture(cell, row),
      m('span.line', name + score),
      m('span.line.dim', `${frames.timeS[row].toFixed(2)} s ${camera}`),
    );
  };

  const stepByKey = (event) => {
    const buttons = [...event.currentTarget.children];
    const focused = buttons.indexOf(document.activeElement);
    const steps = { ArrowRight: focused + 1, ArrowLeft: focused - 1, Home: 0, End: buttons.length - 1 };
    const next = steps[event.key];
    if (next === undefined) return;
    event.preventDefault();
    if (buttons[next] === undefined) return;
    choose(rowOfCell[next]);
    buttons[next].focus();
  };

  const bars = (results, colour) => {
    const rows = [];
    for (let index = 0; index < results.length; index += 2) {
      const [name, share] = [labels[results[index]], results[index + 1]];
      rows.push(bar({ name, value: share.toFixed(4), share, colour }));
    }
    return m('ul.results.plain', rows);
  };

  /** The best class of each region, or why it has none. */
  const regionLines = ({ ids, boxes: places, unknown, results }) => {
    const line = (id, index) => {
      const name = `[${id || index}]`;
      if (unknown[index] >= 0) return m('li.problem', `${name} UNKNOWN: ${report.doubts[unknown[index]]}`);
      const [label, share] = results[index];
      if (label === undefined) return m('li.dim', `${name} no result above the threshold`);
      const [left, top, width, height] = places[index];
      const text = `${name} ${labels[label]}, ${width} x ${height} at ${left}, ${top}`;
      return bar({ name: text, value: share.toFixed(4), share, colour: 'var(--c0)' });
    };
    return ids.length === 0
      ? m('p.dim', 'The detector found nothing.')
      : m('ul.results.plain', ids.map(line));
  };

  const resultsOf = (row, doubts) => {
    if (frames.reason[row] >= 0) return m('p.dim', `Dropped: ${report.reasons[frames.reason[row]]}`);
    if (frames.regions?.[row]) return regionLines(frames.regions[row]);
    const none = doubts.length > 0 ? 'UNKNOWN: no results.' : 'No result above the threshold.';
    const raw = frames.results[row].length > 0 ? bars(frames.results[row], 'var(--c0)') : m('p.dim', none);
    if (!frames.smoothed) return raw;
    return [m('h3', 'Raw'), raw, m('h3', 'Smoothed'), bars(frames.smoothed[row], 'var(--c1)')];
  };

  const frameParts = (row) => {
    const sequence = frames.sequence[row];
    const cell = cellOfSequence.get(sequence);
    const doubts = (frames.doubts?.[row] ?? []).map((doubt) => report.doubts[doubt]);
    const times = frames.timesMs[row].map(
      (timeMs, column) => `${report.stages[column]} ${timeMs.toFixed(2)}`,
    );
    return [
      cell !== undefined && picture(cell, row),
      m('.what', [
        m('p.where', `#${sequence}, ${frames.timeS[row].toFixed(3)} s, ${cameras[frames.camera[row]]}`),
        resultsOf(row, doubts),
        doubts.length > 0 && m('p.problem', `Problems: ${doubts.join(', ')}`),
        times.length > 0 && m('p.dim', `milliseconds: ${times.join(', ')}`),
      ]),
    ];
  };

  let chosen = 0;
  const drawFrames = () => {
    // The thumbnail of the frame, or the last one before it: many frames have none.
    const marked = Math.max(
      0,
      rowOfCell.findLastIndex((row) => row <= chosen),
    );
    const last = count - 1;
    const slider = {
      ...{ min: 0, max: Math.max(0, last), value: chosen, 'aria-label': 'Frame' },
      'aria-valuetext': `frame ${frames.sequence[chosen]}`,
      oninput: ({ target }) => choose(Number(target.value)),
    };
    const step = (id, title, text, to) =>
      m('button[type=button]', { id, 'aria-label': title, onclick: () => choose(to()) }, text);
    m.render(parent, [
      m('p.dim', stripHint()),
      rowOfCell.length > 0 &&
        m(
          '#strip.strip',
          { onkeydown: stepByKey },
          rowOfCell.map((row, cell) => thumbnail(row, cell, marked)),
        ),
      count > 1 &&
        m('.chooser', [
          step('previous', 'Previous frame', '‹', () => Math.max(0, chosen - 1)),
          m('input#slider[type=range]', slider),
          step('next', 'Next frame', '›', () => Math.min(last, chosen + 1)),
        ]),
      count > 0 && m('#frame.frame', { 'aria-live': 'polite' }, frameParts(chosen)),
    ]);
    return marked;
  };
  const choose = (row) => {
    chosen = row;
    const marked = drawFrames();
    const strip = parent.querySelector('.strip');
    if (strip === null) return;
    // Not scrollIntoView, which would move the page as well.
    const button = strip.children[marked];
    const before = button.offsetLeft - strip.offsetLeft;
    const beyond = before + button.offsetWidth - strip.clientWidth;
    if (before < strip.scrollLeft) strip.scrollLeft = before - 8;
    else if (beyond > strip.scrollLeft) strip.scrollLeft = beyond + 8;
  };
  choose(0);
};
