/**
 * Opening, gaps, refusals and commands, without a host.
 */
import { describe, expect, test, vi } from 'vitest';
import { controlCode, sendByControl } from '../src/control';
import { SearchLink } from '../src/link';
import type { ICommand, OutMessage } from '../src/protocol';
import { SearchStore } from '../src/store';
import { Script } from './helpers';

function setUp() {
  const sent: OutMessage[] = [];
  const controlled: ICommand[] = [];
  const store = new SearchStore();
  const link = new SearchLink(store, {
    send: message => sent.push(message),
    sendControl: command => controlled.push(command)
  });
  return { sent, controlled, store, link };
}

const script = new Script().start().trial('0').trial('1').trial('2');
const wire = script.records.map(({ seq, time, kind, fields }) => ({ ...fields, seq, time, kind }));
const snapshot = (n: number) => {
  const store = new SearchStore();
  store.apply(script.records.slice(0, n));
  return { type: 'snapshot', snapshot: store.snapshot() };
};

describe('a link', () => {
  test('is live with the first snapshot and folds what follows', () => {
    const { store, link } = setUp();
    link.open();
    expect(store.connection).toBe('connecting');
    link.receive(snapshot(2));
    link.receive({ type: 'records', records: wire.slice(2) });
    expect(store.connection).toBe('live');
    expect(store.nTrials).toBe(3);
  });

  test('asks once for a snapshot after a gap', () => {
    const { sent, link } = setUp();
    link.receive(snapshot(1));
    link.receive({ type: 'records', records: wire.slice(2) });
    link.receive({ type: 'records', records: wire.slice(3) });
    expect(sent).toEqual([{ type: 'open' }]);
    link.receive(snapshot(4));
    link.receive({ type: 'records', records: [{ ...wire[0], seq: 99 }] });
    expect(sent).toHaveLength(2);
  });

  test('shows what is saved when the kernel does not know the search', () => {
    const { store, link } = setUp();
    const saved = new SearchStore();
    saved.apply(script.records);
    link.show(saved.snapshot());
    link.receive({ type: 'unknown', search_id: 's' });
    expect(store.connection).toBe('saved');
    expect(store.nTrials).toBe(3);
    expect(store.standing.running.size).toBe(0);
  });

  test('never shows an older bundle over news', () => {
    const { store, link } = setUp();
    link.receive(snapshot(4));
    const old = new SearchStore();
    old.apply(script.records.slice(0, 2));
    link.show(old.snapshot());
    expect(store.nTrials).toBe(3);
  });

  test('sends a command both ways and shows why it was refused', () => {
    const { sent, controlled, store, link } = setUp();
    const command: ICommand = { id: 'c', kind: 'pause' };
    store.setPending({ id: 'c', kind: 'pause' });
    link.send({ type: 'command', command });
    expect(sent).toEqual([{ type: 'command', command }]);
    expect(controlled).toEqual([command]);
    link.receive({ type: 'refused', id: 'other', reason: 'no' });
    expect(store.pending).not.toBeNull();
    link.receive({ type: 'refused', id: 'c', reason: 'it has ended' });
    expect([store.pending, store.refusal]).toEqual([null, 'it has ended']);
    link.dispose();
  });

  test.each([null, 'text', {}, { type: 'snapshot' }, { type: 'records', records: [1] }])(
    'survives %j',
    message => expect(() => setUp().link.receive(message)).not.toThrow()
  );
});

describe('the control channel', () => {
  const command: ICommand = { id: 'c', kind: 'stop_trial', trial_id: 'a"\\\n' };

  test('carries exactly one idempotent call, with all text escaped', () => {
    const code = controlCode('s"1', command);
    expect(code).toBe(
      '__import__("kt_notebook.panel.host", fromlist=["apply"]).apply("s\\"1", ' +
        `${JSON.stringify(JSON.stringify(command))})`
    );
    expect(code).not.toContain('\n');
  });

  test('is silent, and a kernel that refuses it is no error', () => {
    const messages: unknown[] = [];
    sendByControl({ sendControlMessage: message => messages.push(message) }, 's', command);
    expect(messages).toMatchObject([
      { channel: 'control', header: { msg_type: 'execute_request' }, content: { silent: true } }
    ]);
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    const broken = {
      sendControlMessage: () => {
        throw new Error('disposed');
      }
    };
    expect(() => sendByControl(broken, 's', command)).not.toThrow();
    expect(warn).toHaveBeenCalledOnce();
    warn.mockRestore();
  });
});
