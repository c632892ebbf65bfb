// The tables and counts of the replay report. Runs in a browser, before replay.js, which calls it.
window.effvitTables = (report, { byId, make, bar }) => {
  const { frames } = report;
  const count = frames.sequence.length;

  const drops = () => {
    const element = byId('drops');
    if (report.dropped.length === 0) {
      element.append(
        make('p', 'empty', count === 0 ? 'There were no frames.' : 'None: every frame has its results.'),
      );
    }
    for (const [cause, frameCount] of report.dropped) {
      element.append(bar(cause, String(frameCount), frameCount / Math.max(1, report.received), 'c1'));
    }
    const explained = report.reasons.filter((reason) => reason.includes(': '));
    for (const reason of explained.slice(0, 8)) element.append(make('p', 'empty', reason));
    if (explained.length > 8) element.append(make('p', 'empty', `and ${explained.length - 8} more reasons`));
  };

  const fill = (table, titles, rows) => {
    const add = (cells, tag) => {
      const row = make('tr');
      for (const text of cells) row.append(make(tag, '', text));
      table.append(row);
    };
    if (rows.length > 0) add(titles, 'th');
    for (const cells of rows) add(cells, 'td');
  };

  const stageTable = () => {
    const rows = report.curves.map(({ stage, valuesMs }) => [
      stage,
      ...[50, 95, 99, 100].map((percent) => valuesMs[report.percents.indexOf(percent)].toFixed(3)),
    ]);
    fill(byId('stages'), ['stage', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms'], rows);
  };

  /** How steady the classes are: raw against smoothed. */
  const changes = () => {
    byId('steadiness').hidden = !report.changes;
    const rows = (report.changes ?? []).map((one) => [
      one.camera,
      String(one.raw),
      one.rawPerMinute.toFixed(1),
      String(one.smoothed),
      one.smoothedPerMinute.toFixed(1),
    ]);
    fill(byId('changes'), ['camera', 'raw', 'a minute', 'smoothed', 'a minute'], rows);
  };

  /** What is wrong with pictures, and why frames are UNKNOWN: frames of each camera by cause. */
  const doubts = () => {
    const counts = new Map();
    for (const [row, found] of (frames.doubts ?? []).entries()) {
      for (const doubt of found) {
        const key = `${frames.camera[row]} ${doubt}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
    byId('trust').hidden = counts.size === 0;
    const rows = [...counts].map(([key, frameCount]) => {
      const [camera, doubt] = key.split(' ').map(Number);
      return [report.cameras[camera], report.doubts[doubt], String(frameCount)];
    });
    rows.sort();
    fill(byId('problems'), ['camera', 'what', 'frames'], rows);
  };

  const regionCounts = () => {
    byId('regions').hidden = !report.regionCounts;
    const rows = (report.regionCounts ?? []).map(([name, number]) => [name, String(number)]);
    fill(byId('region-counts'), ['regions and what had no counterpart', 'count'], rows);
  };

  drops();
  stageTable();
  changes();
  doubts();
  regionCounts();
};
