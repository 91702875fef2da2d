/**
 * Between a store and whatever carries messages: opens, folds what arrives, asks again after a gap, sends commands.
 *
 * It knows no host: an anywidget model and a JupyterLab comm both look like an `ITransport`.
 */
import type { ICommand, ISnapshot, JsonObject, OutMessage } from './protocol';
import type { SearchStore } from './store';
import { readMessage } from './wire';

export interface ITransport {
  send(message: OutMessage): void;
  /** Send a command past a busy kernel, where the host can. */
  sendControl?(command: ICommand): void;
}

/** After this long a click may be tried again. */
const PENDING_MS = 20_000;

export class SearchLink {
  constructor(store: SearchStore, transport: ITransport) {
    this.store = store;
    this._transport = transport;
  }

  readonly store: SearchStore;
  /** Called with the output bundle that the kernel made on request. */
  onBundle: ((data: JsonObject) => void) | null = null;

  /** Show what is at hand until the kernel answers; never older than what is shown already. */
  show(snapshot: ISnapshot): void {
    const { store } = this;
    const isOther = snapshot.search.search_id !== store.search.search_id;
    if (isOther || (store.connection !== 'live' && snapshot.seq > store.seq)) {
      store.load(snapshot);
    }
  }

  /** Ask for the snapshot; while one is on its way no second is asked for. */
  open(): void {
    if (!this._isOpening) {
      this._isOpening = true;
      this._transport.send({ type: 'open' });
    }
  }

  /** The way to the kernel is new or gone: what was asked for will not be answered. */
  reset(): void {
    this._isOpening = false;
  }

  send(message: OutMessage): void {
    this._transport.send(message);
    if (message.type === 'command') {
      this._transport.sendControl?.(message.command);
      this._watchPending(message.command.id);
    }
  }

  /** Take a message as it arrived. */
  receive(raw: unknown): void {
    const message = readMessage(raw);
    const { store } = this;
    switch (message?.type) {
      case 'snapshot':
        this._isOpening = false;
        store.load(message.snapshot);
        store.setConnection('live');
        break;
      case 'records':
        // Before the first snapshot, and while a new one is on its way, a gap is no news.
        if (store.connection === 'live' && !store.apply(message.records, Date.now() / 1000)) {
          this.open();
        }
        break;
      case 'detail':
        store.setDetail(message.detail);
        break;
      case 'refused':
        if (store.pending?.id === message.id) {
          store.setPending(null, message.reason);
        }
        break;
      case 'bundle':
        this.onBundle?.(message.data);
        break;
      case 'unknown':
        this._isOpening = false;
        store.setConnection('saved');
        break;
    }
  }

  dispose(): void {
    clearTimeout(this._timer);
    this.onBundle = null;
  }

  private _watchPending(id: string): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => {
      if (this.store.pending?.id === id) {
        this.store.setPending(null);
      }
    }, PENDING_MS);
  }

  private readonly _transport: ITransport;
  private _isOpening = false;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
