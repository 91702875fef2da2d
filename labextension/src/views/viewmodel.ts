/**
 * What one view of a search adds to its store: selection, sort, filter; and when to draw.
 */
import { type ReadonlySignal, batch, computed, signal } from '@preact/signals';
import { type ISort, readFilter, sortTrials } from '../arrange';
import type { CommandKind, OutMessage } from '../protocol';
import type { SearchStore } from '../store';
import type { Strings } from '../strings';
import type { Shown, Trial } from '../trial';
import { Extent } from './extent';

export type Send = (message: OutMessage) => void;
export type Tab = 'trials' | 'curves';

function newId(): string {
  // crypto.randomUUID exists in secure contexts only, and notebooks are served over plain http too.
  const words = crypto.getRandomValues(new Uint32Array(4));
  return Array.from(words, word => word.toString(16).padStart(8, '0')).join('');
}

export class ViewModel {
  constructor(store: SearchStore, send: Send, strings: Strings) {
    this.store = store;
    this.strings = strings;
    this._send = send;
    this._unsubscribe = store.subscribe(() => this._schedule());
    this.extent.update(store);
  }

  readonly store: SearchStore;
  readonly strings: Strings;

  /** Grows when the store has changed, at most once per frame. */
  readonly version = signal(0);
  readonly tab = signal<Tab>('trials');
  readonly sort = signal<ISort | null>(null);
  readonly text = signal('');
  readonly only = signal<ReadonlySet<Shown>>(new Set());
  /** The trial that is open in the detail; null shows the best one in short. */
  readonly selected = signal<string | null>(null);
  /** The row that the arrow keys have reached. */
  readonly cursor = signal<string | null>(null);
  readonly hovered = signal<string | null>(null);
  readonly extent = new Extent();

  /** The trials that pass the filter, in the table's order. */
  readonly rows: ReadonlySignal<Trial[]> = computed(() => {
    void this.version.value;
    const { sign, trials } = this.store;
    const only = this.only.value;
    const text = this.text.value.trim();
    const test =
      text === '' ? null : readFilter(text, sign, shown => this.strings.states.trial[shown]);
    const passing =
      test === null && only.size === 0
        ? trials
        : trials.filter(
            trial => (only.size === 0 || only.has(trial.shown)) && (test?.(trial) ?? true)
          );
    return sortTrials(passing, this.sort.value, sign);
  });

  readonly isFiltered = computed(() => this.only.value.size > 0 || this.text.value.trim() !== '');

  command(kind: CommandKind, more: { n?: number; trial_id?: string } = {}): void {
    const id = newId();
    this.store.setPending({ id, kind });
    this._send({ type: 'command', command: { id, kind, ...more } });
  }

  askDetail(trialId: string): void {
    if (this.store.connection === 'live') {
      this._send({ type: 'detail', trial_id: trialId });
    }
  }

  open(trialId: string): void {
    batch(() => {
      this.selected.value = trialId;
      this.cursor.value = trialId;
    });
  }

  close(): void {
    this.selected.value = null;
  }

  showAll(): void {
    batch(() => {
      this.only.value = new Set();
      this.text.value = '';
    });
  }

  toggleOnly(shown: Shown): void {
    const only = new Set(this.only.value);
    if (!only.delete(shown)) {
      only.add(shown);
    }
    this.only.value = only;
  }

  dispose(): void {
    this._unsubscribe();
    cancelAnimationFrame(this._frame);
  }

  private _schedule(): void {
    if (this._frame === 0) {
      this._frame = requestAnimationFrame(() => {
        this._frame = 0;
        this.extent.update(this.store);
        this.version.value += 1;
      });
    }
  }

  private readonly _send: Send;
  private readonly _unsubscribe: () => void;
  private _frame = 0;
}
