/**
 * What the store adds to the fold: gaps, the best trial, counts, details, time.
 */
import { describe, expect, test } from 'vitest';
import { readRecord, readSnapshot } from '../src/wire';
import { SearchStore } from '../src/store';
import { Script } from './helpers';

describe('records', () => {
  test('a gap is reported and nothing behind it is folded', () => {
    const { records } = new Script().start().trial('0').trial('1').trial('2');
    const store = new SearchStore();
    expect(store.apply(records.filter(record => record.seq !== 3))).toBe(false);
    expect(store.seq).toBe(2);
    expect(store.nTrials).toBe(1);
    expect(store.apply(records)).toBe(true);
    expect(store.nTrials).toBe(3);
  });

  test('a record that is known is passed over', () => {
    const script = new Script().start().trial('0').epoch('0', 0, 0.5);
    const store = script.store();
    store.apply(script.records);
    expect(store.trial('0')?.curves).toEqual([[0.5]]);
  });

  test('progress within an epoch is shown and leaves no trace in a snapshot', () => {
    const store = new Script().start().trial('0').store();
    const before = store.snapshot();
    const progress = readRecord({
      seq: store.seq,
      time: 2000,
      kind: 'trial_progressed',
      trial_id: '0',
      execution: 0,
      epoch: 0,
      step: 7,
      n_steps: 20,
      metrics: { loss: 0.3 }
    });
    expect(store.apply(progress === null ? [] : [progress])).toBe(true);
    expect(store.trial('0')?.progress?.step).toBe(7);
    expect(store.snapshot()).toEqual(before);
  });

  test('another objective than the curves hold asks for a new snapshot', () => {
    const script = new Script().start().trial('0').epoch('0', 0, 0.5);
    script.add('objective_chosen', { objective: [{ name: 'val_auc', direction: 'max' }] });
    const store = new SearchStore();
    expect(store.apply(script.records)).toBe(false);
  });

  test('listeners hear once of many records', () => {
    const store = new SearchStore();
    let n = 0;
    const end = store.subscribe(() => (n += 1));
    store.apply(new Script().start().trial('0').trial('1').records);
    expect(n).toBe(1);
    end();
    store.apply([]);
    expect(n).toBe(1);
  });
});

describe('the best trial', () => {
  const scores = () => new Script().start().trial('0').end('0', 0.5).trial('1').end('1', 0.2);

  test('follows the scores, with the one it improved on', () => {
    const { standing } = scores().trial('2').end('2', 0.3).store();
    expect(standing.best?.id).toBe('1');
    expect(standing.formerBest?.id).toBe('0');
  });

  test('is the same from a snapshot', () => {
    const store = scores().store();
    const again = new SearchStore();
    const snapshot = readSnapshot(JSON.parse(JSON.stringify(store.snapshot())));
    expect(snapshot).not.toBeNull();
    if (snapshot !== null) {
      again.load(snapshot);
    }
    expect(again.standing.best?.id).toBe('1');
    expect(again.standing.formerBest?.id).toBe('0');
    expect(again.standing.counts).toEqual(store.standing.counts);
  });

  test('is a whole trial rather than a pruned one', () => {
    const pruned = { epoch: 1, reason: 'slow' };
    const { standing } = scores().trial('2').end('2', 0.1, { pruned }).store();
    expect(standing.best?.id).toBe('1');
  });

  test('is never NaN, failed or begun anew', () => {
    const script = scores().trial('2').end('2', null, { score: 'NaN' });
    script.trial('3').end('3', 0, { status: 'FAILED' }).trial('1');
    expect(script.store().standing.best?.id).toBe('0');
  });
});

test('counts follow every change of a trial', () => {
  const script = new Script().start().trial('0').end('0', 1).trial('1').trial('2');
  script.add('trial_cut', { trial_id: '1' }).end('2', null, { status: 'FAILED' });
  const { counts, running } = script.store().standing;
  expect(counts).toMatchObject({ complete: 1, idle: 1, failed: 1, running: 0 });
  expect(running.size).toBe(0);
});

test('the detail of a trial that began before our eyes is complete', () => {
  const script = new Script().start().trial('0').epoch('0', 0, 0.5);
  script.add('output_captured', { trial_id: '0', stream: 'stdout', text: 'hi', data: null });
  script.end('0', 0.5, { metrics: { val_loss: 0.5 } });
  expect(script.store().details.get('0')).toMatchObject({
    outputs: [{ stream: 'stdout', text: 'hi' }],
    metrics: { val_loss: 0.5 }
  });
});

test('how a trial fitted is told by the slowest of its fits, which a later run forgets', () => {
  const script = new Script().start().trial('0').fit('0', 'reused').fit('0', 'plain', 'why', 1);
  expect(script.fit('0', 'plain', 'other', 2).store().trial('0')?.fit).toEqual({
    path: 'plain',
    reason: 'why'
  });
  expect(script.trial('0').fit('0', 'not_known_here').store().trial('0')?.fit).toBeNull();
});

test('a command is pending until its effect', () => {
  const script = new Script().start();
  const store = script.store();
  store.setPending({ id: 'x', kind: 'pause' });
  store.apply(script.trial('0').records);
  expect(store.pending?.kind).toBe('pause');
  store.apply(script.add('search_paused').records);
  expect(store.pending).toBeNull();
});

test('a trial by hand is pending until it has joined the line', () => {
  const script = new Script().start();
  const store = script.store();
  store.setPending({ id: 'x', kind: 'enqueue' });
  store.apply(script.enqueue(1, { lr: 0.1 }).records);
  expect(store.pending).toBeNull();
  expect(store.search.enqueued).toEqual([{ number: 1, values: { lr: 0.1 } }]);
});

test('what an older version wrote has nobody in line, no trial by hand and no fits', () => {
  const { search, trials, ...rest } = new Script().start().trial('0').store().snapshot();
  const old = {
    search: { ...search, enqueued: undefined },
    trials: { ...trials, enqueued: undefined, fit: undefined }
  };
  const store = new SearchStore();
  const read = readSnapshot(JSON.parse(JSON.stringify({ ...rest, ...old })));
  expect(read).not.toBeNull();
  if (read !== null) {
    store.load(read);
  }
  expect(store.search.enqueued).toEqual([]);
  expect(store.trial('0')?.enqueued).toBeNull();
  expect(store.trial('0')?.fit).toBeNull();
});

describe('elapsed time', () => {
  test('ticks in the clock of the kernel while the search runs', () => {
    const script = new Script().start();
    const store = new SearchStore();
    store.setConnection('live');
    store.apply(script.records, 5001); // the browser is 4000 s ahead
    expect(store.elapsed(5011)).toBeCloseTo(10);
  });

  test('stands still when it pauses and when nobody runs it', () => {
    const store = new Script().start().trial('0').add('search_paused').store();
    expect(store.elapsed(99999)).toBe(2);
    const saved = new Script().start().trial('0').store();
    saved.setConnection('saved');
    expect(saved.elapsed(99999)).toBe(1);
  });
});

test('a snapshot is cut to half the best and half the latest trials', () => {
  const script = new Script().start();
  for (let i = 0; i < 20; i++) {
    script.trial(String(i)).end(String(i), i);
  }
  const { n_trials: n, trials } = script.store().snapshot(6);
  expect(n).toBe(20);
  expect(trials.trial_id).toEqual(['0', '1', '2', '17', '18', '19']);
});
