/**
 * The output of a search in a notebook: mounts the panel, live where the kernel knows the search.
 */
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';
import { type IBundle, MIME_TYPE } from '../protocol';
import type { Strings } from '../strings';
import { mountPanel } from '../views/panel';
import { readBundle } from '../wire';
import type { SearchConnection } from './connection';
import type { NotebookSearches } from './searches';

export class SearchRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(searches: NotebookSearches, strings: Strings) {
    super();
    this._searches = searches;
    this._strings = strings;
    this.addClass('kt-Output');
  }

  /** Draw the search; called again with every change of the output, also by ourselves when the notebook is saved. */
  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._draw(readBundle(model.data[MIME_TYPE]));
    return Promise.resolve();
  }

  private _draw(bundle: IBundle | null): void {
    if (bundle === null) {
      this._release();
      this.node.textContent = this._strings.notes.unreadable;
      return;
    }
    if (this._connection?.searchId !== bundle.search_id) {
      this._release();
      const connection = this._searches.acquire(bundle);
      this._connection = connection;
      this.node.textContent = '';
      const { store, link } = connection;
      this._unmount = mountPanel(this.node, {
        store,
        send: message => link.send(message),
        strings: this._strings
      });
    } else {
      this._connection.link.show(bundle.snapshot);
      this._connection.refresh();
    }
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._release();
      super.dispose();
    }
  }

  private _release(): void {
    this._unmount?.();
    this._unmount = null;
    if (this._connection !== null) {
      this._searches.release(this._connection);
      this._connection = null;
    }
  }

  private readonly _searches: NotebookSearches;
  private readonly _strings: Strings;
  private _connection: SearchConnection | null = null;
  private _unmount: (() => void) | null = null;
}
