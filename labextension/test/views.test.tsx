// @vitest-environment jsdom
/**
 * The panel as a user finds it: names, states, keys. jsdom has no layout, so sizes are not tested here.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { OutMessage } from '../src/protocol';
import type { SearchStore } from '../src/store';
import { mountPanel } from '../src/views/panel';
import { integerSplits } from '../src/views/chart';
import { terminalText } from '../src/views/output';
import { Script } from './helpers';

// uPlot asks for the screen's density as soon as it is imported.
vi.hoisted(() => vi.stubGlobal('matchMedia', () => ({ addEventListener: () => undefined })));

const sent: OutMessage[] = [];
let unmount: () => void = () => undefined;

beforeEach(() => {
  sent.length = 0;
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe() {
        /* no layout here */
      }
      unobserve() {
        /* no layout here */
      }
      disconnect() {
        /* no layout here */
      }
    }
  );
  vi.stubGlobal('matchMedia', () => ({
    matches: false,
    addEventListener: () => undefined,
    removeEventListener: () => undefined
  }));
  vi.stubGlobal('requestAnimationFrame', (callback: FrameRequestCallback) => {
    queueMicrotask(() => callback(0));
    return 1;
  });
});

afterEach(() => {
  unmount();
  document.body.textContent = '';
  vi.unstubAllGlobals();
});

async function show(store: SearchStore): Promise<HTMLElement> {
  const node = document.createElement('div');
  document.body.append(node);
  unmount = mountPanel(node, { store, send: message => sent.push(message) });
  await settled();
  return node;
}

/** Let everything that is due in this turn be drawn: frames are microtasks here. */
async function settled(): Promise<void> {
  for (let i = 0; i < 30; i++) {
    await Promise.resolve();
  }
}

function find(node: HTMLElement, selector: string): HTMLElement {
  const found = node.querySelector<HTMLElement>(selector);
  if (found === null) {
    throw new Error(`Nothing matches ${selector}`);
  }
  return found;
}

function button(node: HTMLElement, label: string): HTMLElement {
  for (const candidate of node.querySelectorAll('button')) {
    if (candidate.textContent === label) {
      return candidate;
    }
  }
  throw new Error(`No button ${label}`);
}

function press(
  node: HTMLElement,
  selector: string,
  key: string,
  more: KeyboardEventInit = {}
): void {
  find(node, selector).dispatchEvent(
    new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more })
  );
}

const running = () =>
  new Script()
    .start({ space: [{ class_name: 'Float', config: { name: 'lr' } }] })
    .trial('0', { lr: 0.1 })
    .epoch('0', 0, 0.6)
    .end('0', 0.5, { values: { lr: 0.1 } })
    .trial('1', { lr: 0.2 })
    .epoch('1', 0, 0.7);

describe('the head', () => {
  test('says how far the search is, for screen readers too', async () => {
    const node = await show(running().store());
    expect(find(node, '[role=progressbar]').getAttribute('aria-valuetext')).toBe(
      '1 of 10 trials: 1 complete, 1 running'
    );
    expect(find(node, '.kt-Stats').textContent).toContain('best val_loss0.5000');
  });

  test('says how many trials by hand wait in line, where there are some', async () => {
    const script = running();
    const store = script.store();
    const node = await show(store);
    expect(find(node, '.kt-Stats').textContent).not.toContain('in line');
    store.apply(script.enqueue(1, { lr: 0.3 }).enqueue(2).records);
    await settled();
    expect(find(node, '.kt-Stats').textContent).toContain('of 10 · 2 in line');
    store.apply(script.trial('2', { lr: 0.3 }, { number: 1, values: { lr: 0.3 } }).records);
    await settled();
    expect(find(node, '.kt-Stats').textContent).toContain('of 10 · 1 in line');
  });

  test('follows the store', async () => {
    const script = running();
    const store = script.store();
    const node = await show(store);
    store.apply(script.end('1', 0.25).records);
    await settled();
    expect(find(node, '.kt-Stats').textContent).toContain('0.2500');
    expect(find(node, '.kt-Stats').textContent).toContain('−0.25 since trial 0');
  });

  test('a click sends a command and says so; only an event changes the state', async () => {
    const script = running();
    const store = script.store();
    const node = await show(store);
    button(node, 'Pause').click();
    await settled();
    expect(sent).toMatchObject([{ type: 'command', command: { kind: 'pause' } }]);
    expect(button(node, 'pausing…').getAttribute('aria-disabled')).toBe('true');
    expect(find(node, '.kt-Pill').textContent).toBe('running');
    store.apply(script.add('search_paused').records);
    await settled();
    expect(find(node, '.kt-Pill').textContent).toBe('paused');
    button(node, 'Resume').click();
    expect(sent[1]).toMatchObject({ command: { kind: 'resume' } });
  });

  describe('a while after a stop or a pause', () => {
    /** What the head says so many seconds after the last record. */
    const wait = async (script: Script, seconds: number) => {
      const store = script.store();
      vi.useFakeTimers({ now: 1000 * (store.time + seconds), toFake: ['Date'] });
      const node = await show(store);
      vi.useRealTimers();
      return find(node, '.kt-HeadRow').textContent;
    };
    const started = () => new Script().start().trial('0');

    test('says that a trial is stopped when its code returns', async () => {
      const script = started().add('stop_requested', { now: true });
      expect(await wait(script, 4)).toContain("waits until the trial's code returns");
    });

    test('says nothing of it at once', async () => {
      const script = started().add('stop_requested', { now: true });
      expect(await wait(script, 1)).not.toContain('waits until');
    });

    test('says that a stop after this trial lets it end', async () => {
      const script = started().add('stop_requested', { now: false });
      expect(await wait(script, 4)).toContain('when the running trial has ended');
    });

    test('says that a trial which never reported may not hold', async () => {
      const paused = started().add('search_paused');
      expect(await wait(paused, 4)).toContain('code outside a Keras fit runs on');
    });

    test('trusts a trial that reports to hold', async () => {
      const paused = started().epoch('0', 0, 0.5).add('search_paused');
      expect(await wait(paused, 5)).not.toContain('code outside a Keras fit runs on');
    });
  });

  test('buttons that make no sense say why and do nothing', async () => {
    const store = running().store();
    store.setConnection('saved');
    const node = await show(store);
    const pause = button(node, 'Pause');
    expect(pause.title).toContain('No kernel runs this search');
    pause.click();
    expect(sent).toEqual([]);
    expect(find(node, '.kt-Banner').textContent).toContain('run the cell again');
  });

  test.each([
    ['p', {}, 'pause'],
    ['s', {}, 'stop'],
    ['S', { shiftKey: true }, 'stop_now']
  ])('the key %s works inside the panel', async (key, more, kind) => {
    const node = await show(running().store());
    press(node, '.kt-Table', key, more);
    expect(sent).toMatchObject([{ command: { kind } }]);
  });

  test('keys with a modifier, and keys typed into the filter, are left alone', async () => {
    const node = await show(running().store());
    press(node, '.kt-Table', 's', { ctrlKey: true });
    press(node, '.kt-Input', 's');
    expect(sent).toEqual([]);
  });

  test('plain keys are kept from the shortcuts of JupyterLab, others are not', async () => {
    const node = await show(running().store());
    press(node, '.kt-Table', 'd');
    expect(find(node, '.kt-Panel').hasAttribute('data-lm-suppress-shortcuts')).toBe(true);
    press(node, '.kt-Table', 's', { ctrlKey: true });
    expect(find(node, '.kt-Panel').hasAttribute('data-lm-suppress-shortcuts')).toBe(false);
  });
});

describe('the table', () => {
  const order = (node: HTMLElement) =>
    [...node.querySelectorAll('.kt-TableRow')]
      .map(row => row.firstElementChild?.textContent)
      .join('');

  test('shows trials with their values, the best marked', async () => {
    const node = await show(running().store());
    expect(order(node)).toBe('01');
    expect(find(node, '.kt-mod-best').textContent).toContain('0.5000');
    expect([...node.querySelectorAll('[role=columnheader]')].map(cell => cell.textContent)).toEqual(
      ['#', 'state', 'val_loss↑', 'lr', 'curve', 'epochs', 'time']
    );
  });

  test('says in place of a score why there is none', async () => {
    const error = { type: 'ValueError', message: 'odd', traceback: '', line: 6 };
    const script = new Script().start();
    script.trial('0').end('0', null, { status: 'FAILED', error });
    script.trial('1').end('1', NaN, {
      status: 'INVALID',
      score: 'NaN',
      error: { type: 'Invalid', message: 'came out as nan', traceback: '', line: null }
    });
    const node = await show(script.store());
    const scores = [...node.querySelectorAll('.kt-TableRow')].map(
      row => row.children[2].textContent
    );
    expect(scores).toEqual(['ValueError, line 6', 'NaN']);
  });

  test('says at a pruned trial why it was pruned, and in the head what that saved', async () => {
    const pruned = { epoch: 1, reason: 'val_loss 0.9000 after 2 epochs; the best is 0.3000' };
    const script = new Script().start().trial('0').epoch('0', 4, 0.5).end('0', 0.5);
    script.trial('1').epoch('1', 0, 0.7).epoch('1', 1, 0.9).end('1', 0.7, { pruned });
    const node = await show(script.store());
    const state = find(node, '[role="gridcell"] [title^="Pruned after epoch 2: val_loss"]');
    expect(state.textContent).toBe('pruned');
    expect(find(node, '.kt-Stats').textContent).toContain('1 pruned · 3 epochs saved');
  });

  test('sorts by a column, the other way, and by the best again', async () => {
    const node = await show(running().store());
    const click = async () => {
      button(node, 'lr').click();
      await settled();
    };
    await click();
    expect(order(node)).toBe('01');
    button(node, 'lr↑').click();
    await settled();
    expect(order(node)).toBe('10');
    expect(find(node, '[aria-sort=descending]').textContent).toBe('lr↓');
    button(node, 'lr↓').click();
    await settled();
    expect(find(node, '[aria-sort=ascending]').textContent).toBe('val_loss↑');
  });

  test('is walked by arrow keys; Enter opens, Escape closes', async () => {
    const node = await show(running().store());
    press(node, '.kt-Table', 'ArrowDown');
    press(node, '.kt-Table', 'ArrowDown');
    await settled();
    expect(find(node, '.kt-mod-cursor').firstElementChild?.textContent).toBe('1');
    press(node, '.kt-Table', 'Enter');
    await settled();
    expect(find(node, '[aria-selected=true].kt-TableRow').firstElementChild?.textContent).toBe('1');
    expect(find(node, '.kt-Detail').textContent).toContain('Trial 1');
    press(node, '.kt-Table', 'Escape');
    await settled();
    expect(find(node, '.kt-Detail').textContent).toContain('Trial 0');
  });

  test('shows only the trials of a state', async () => {
    const node = await show(running().store());
    find(node, '.kt-Chip').click();
    await settled();
    expect(order(node)).toBe('1');
  });
});

describe('a trial', () => {
  const failed = () =>
    new Script()
      .start()
      .trial('0', { units: 7 })
      .add('output_captured', { trial_id: '0', stream: 'stdout', text: 'a\rb\n', data: null })
      .end('0', null, {
        status: 'FAILED',
        values: { units: 7 },
        error: { type: 'ValueError', message: 'odd', traceback: 'Traceback\n  line 6', line: 6 }
      });

  test('shows its error with the line, its traceback and its output', async () => {
    const node = await show(failed().store());
    find(node, '.kt-TableRow').click();
    await settled();
    const { textContent } = find(node, '.kt-Detail');
    for (const part of ['ValueError', 'line 6 of the cell', 'Traceback\n  line 6', 'units7']) {
      expect(textContent).toContain(part);
    }
    expect(find(node, '[data-stream=stdout]').textContent).toBe('b');
  });

  test.each([
    [[['reused', null]], 'Fit: fused, graph taken over'],
    [[['fused', null]], 'Fit: fused'],
    [[['plain', 'Plot acts at each batch']], 'Fit: plain (Keras) – Plot acts at each batch'],
    [
      [
        ['fused', null],
        ['reused', null],
        ['reused', null]
      ],
      'Fit: fused · fused, graph taken over'
    ],
    [
      [
        ['plain', 'a'],
        ['plain', 'b'],
        ['plain', 'a']
      ],
      'Fit: plain (Keras) – a; b'
    ]
  ] as const)('says how it fitted, and why not faster: %j', async (fits, told) => {
    const script = new Script().start().trial('0');
    fits.forEach(([path, reason], execution) => script.fit('0', path, reason, execution));
    const node = await show(script.end('0', 0.5).store());
    expect(node.textContent).not.toContain('Fit:');
    find(node, '.kt-TableRow').click();
    await settled();
    expect([...node.querySelectorAll('.kt-Detail > p')].map(p => p.textContent)).toContain(told);
  });

  test('that a notebook holds says how the slowest of its fits ran', async () => {
    const store = new Script().start().trial('0').fit('0', 'fused').fit('0', 'plain', 'a').store();
    store.load(store.snapshot());
    store.setConnection('saved');
    const node = await show(store);
    find(node, '.kt-TableRow').click();
    await settled();
    expect(find(node, '.kt-Detail').textContent).toContain('Fit: plain (Keras) – a');
  });

  test('without a Keras fit says nothing of fits', async () => {
    const node = await show(new Script().start().trial('0').end('0', 0.5).store());
    find(node, '.kt-TableRow').click();
    await settled();
    expect(find(node, '.kt-Detail').textContent).not.toContain('Fit');
  });

  test('from a snapshot is asked for once', async () => {
    const store = failed().store();
    store.load(store.snapshot());
    const node = await show(store);
    find(node, '.kt-TableRow').click();
    await vi.waitFor(() => expect(sent).toEqual([{ type: 'detail', trial_id: '0' }]));
  });

  test('shows a display as a picture or text, never as HTML', async () => {
    const script = new Script().start().trial('0');
    const html = { 'text/html': '<script>bad()</script>', 'text/plain': 'plain' };
    script.add('output_captured', { trial_id: '0', stream: 'display', text: null, data: html });
    const svg = { 'image/svg+xml': '<svg onload="bad()"/>' };
    script.add('output_captured', { trial_id: '0', stream: 'display', text: null, data: svg });
    const node = await show(script.store());
    find(node, '.kt-TableRow').click();
    await settled();
    expect(node.querySelector('script, svg[onload]')).toBeNull();
    expect(find(node, '.kt-Figure').getAttribute('src')).toMatch(/^data:image\/svg\+xml/);
    expect(find(node, '.kt-Detail').textContent).toContain('plain');
  });
});

describe('a search', () => {
  test('without a trial says what it waits for', async () => {
    const node = await show(new Script().start().store());
    expect(node.textContent).toContain('Waiting for the first trial');
  });

  test('that failed shows its error block', async () => {
    const error = { type: 'ValueError', message: 'odd units', traceback: 'tb', line: 2 };
    const script = running().add('search_ended', { reason: 'failed', error });
    const node = await show(script.store());
    expect(find(node, '.kt-Frame > .kt-Error').textContent).toContain('odd units');
    expect(find(node, '.kt-Pill').textContent).toBe('failed');
  });

  test('folds its hints into one line', async () => {
    const script = running();
    script.add('search_noted', {
      level: 'advice',
      code: 'a',
      text: 'the best `lr` is low',
      line: 4
    });
    script.add('search_noted', { level: 'warning', code: 'b', text: 'unused', line: null });
    const node = await show(script.store());
    expect(find(node, '.kt-NotesCount').textContent).toBe('1 warning, 1 hint');
    expect(find(node, '.kt-Notes code').textContent).toBe('lr');
  });
});

test('text reads as a terminal shows it', () => {
  expect(terminalText('1/9\r2/9\r\n\u001b[31mred\u001b[0m')).toBe('2/9\nred');
});

test('only rows in sight exist, with a few around them', async () => {
  const script = new Script().start();
  for (let i = 0; i < 1000; i++) {
    script.trial(String(i)).end(String(i), i);
  }
  const node = await show(script.store());
  expect(node.querySelectorAll('.kt-TableRow').length).toBeLessThan(40);
  expect(find(node, '.kt-TableBody').style.height).toBe('28000px');
});

test('epochs are marked by round numbers, and the first one is', () => {
  expect(integerSplits(1, 15, 5)).toEqual([1, 5, 10, 15]);
  expect(integerSplits(1, 8, 2)).toEqual([1, 3, 5, 7]);
  expect(integerSplits(1, 3, 1)).toEqual([1, 2, 3]);
  expect(integerSplits(-0.2, 11.2, 5)).toEqual([0, 5, 10]);
});

test('a trial by hand is marked so', async () => {
  const script = running().end('1', 0.7);
  script.trial('2', { lr: 0.3 }, { number: 1, values: { lr: 0.3 } }).end('2', 0.1);
  const node = await show(script.store());
  expect(find(node, '.kt-Detail').textContent).toContain('complete · by hand');
  const [first] = [...node.querySelectorAll<HTMLElement>('.kt-TableRow')].filter(row =>
    row.textContent?.startsWith('0')
  );
  first?.click();
  await settled();
  expect(find(node, '.kt-Detail').textContent).toContain('Trial 0');
  expect(find(node, '.kt-Detail').textContent).not.toContain('by hand');
});

describe('a trial of Hyperband', () => {
  test('says which one it continues, and keeps the tuner\u2019s notes out of its values', async () => {
    const values = { lr: 0.1, 'tuner/epochs': 9, 'tuner/trial_id': '0000' };
    const script = running().trial('2', values).end('2', 0.1, { values });
    const node = await show(script.store());
    const detail = find(node, '.kt-Detail').textContent;
    expect(detail).toContain('continues trial 0');
    expect(detail).not.toContain('tuner/');
  });
});
