/**
 * The searches shown in one notebook: one connection each, shared by their outputs and written into the file.
 */
import type { ICodeCellModel } from '@jupyterlab/cells';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IOutputModel } from '@jupyterlab/rendermime';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import { type IBundle, type JsonObject, MIME_TYPE } from '../protocol';
import { savedSnapshot } from '../snapshot';
import { readBundle } from '../wire';
import { SearchConnection } from './connection';

/** While a search runs, its static parts are asked for this often. */
const BUNDLE_MS = 10_000;

interface IEntry {
  connection: SearchConnection;
  nUsers: number;
  /** The static parts that the kernel made last. */
  statics: JsonObject;
  /** They came after the outputs were written last. */
  hasNewStatics: boolean;
  askedSeq: number;
  askedAt: number;
  wasEnded: boolean;
  unsubscribe: () => void;
}

export class NotebookSearches implements IDisposable {
  constructor(panel: NotebookPanel) {
    this._panel = panel;
    panel.context.saveState.connect(this._onSaveState, this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Return the search's connection, made on first use; each call is answered by one `release`. */
  acquire(bundle: IBundle): SearchConnection {
    const known = this._entries.get(bundle.search_id);
    if (known !== undefined) {
      known.nUsers += 1;
      known.connection.link.show(bundle.snapshot);
      known.connection.refresh();
      return known.connection;
    }
    const connection = new SearchConnection(this._panel.sessionContext, bundle);
    const entry: IEntry = {
      connection,
      nUsers: 1,
      statics: {},
      hasNewStatics: false,
      askedSeq: bundle.snapshot.seq,
      askedAt: Date.now(),
      wasEnded: connection.store.hasEnded,
      unsubscribe: connection.store.subscribe(() => this._onChange(entry))
    };
    connection.link.onBundle = data => this._onBundle(entry, data);
    this._entries.set(bundle.search_id, entry);
    return connection;
  }

  release(connection: SearchConnection): void {
    const entry = this._entries.get(connection.searchId);
    if (entry !== undefined && --entry.nUsers === 0) {
      this._entries.delete(connection.searchId);
      entry.unsubscribe();
      connection.dispose();
    }
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    Signal.clearData(this);
    for (const entry of this._entries.values()) {
      entry.unsubscribe();
      entry.connection.dispose();
    }
    this._entries.clear();
  }

  /** Draw anew the outputs that were drawn before this extension was there. */
  redraw(): void {
    const { model } = this._panel.context;
    const { dirty } = model;
    for (const output of this._outputs()) {
      output.setData({ data: { ...output.data } });
    }
    model.dirty = dirty;
  }

  /** Ask for the static parts when the search has ended, and now and then before. */
  private _onChange(entry: IEntry): void {
    const { store, link } = entry.connection;
    if (store.connection !== 'live' || store.seq <= entry.askedSeq) {
      return;
    }
    const hasJustEnded = store.hasEnded && !entry.wasEnded;
    entry.wasEnded = store.hasEnded;
    if (hasJustEnded || Date.now() - entry.askedAt > BUNDLE_MS) {
      entry.askedSeq = store.seq;
      entry.askedAt = Date.now();
      link.send({ type: 'bundle' });
    }
  }

  private _onBundle(entry: IEntry, data: JsonObject): void {
    entry.statics = data;
    entry.hasNewStatics = true;
    if (entry.connection.store.hasEnded) {
      this._write(entry);
    }
  }

  /** Jupyter reads the model right after this signal, in the same turn: what is written here is saved. */
  private _onSaveState(_: DocumentRegistry.Context, state: DocumentRegistry.SaveState): void {
    if (state === 'started') {
      this._entries.forEach(entry => this._write(entry));
    }
  }

  /** Bring the search's outputs up to date, where they are behind. */
  private _write(entry: IEntry): void {
    const { store, searchId } = entry.connection;
    for (const output of this._outputs()) {
      const bundle = readBundle(output.data[MIME_TYPE]);
      const isBehind = (bundle?.snapshot.seq ?? 0) < store.seq || entry.hasNewStatics;
      if (bundle?.search_id === searchId && isBehind) {
        const own = { version: 1, search_id: searchId, snapshot: savedSnapshot(store) };
        const data = {
          ...output.data,
          ...entry.statics,
          [MIME_TYPE]: own as unknown as JsonObject
        };
        output.setData({ data });
      }
    }
    entry.hasNewStatics = false;
  }

  private _outputs(): IOutputModel[] {
    const found: IOutputModel[] = [];
    for (const cell of this._panel.context.model.cells) {
      if (cell.type !== 'code') {
        continue;
      }
      const { outputs } = cell as ICodeCellModel;
      for (let i = 0; i < outputs.length; i++) {
        const output = outputs.get(i);
        if (MIME_TYPE in output.data) {
          found.push(output);
        }
      }
    }
    return found;
  }

  private readonly _panel: NotebookPanel;
  private readonly _entries = new Map<string, IEntry>();
  private _isDisposed = false;
}
