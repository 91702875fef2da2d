/**
 * One search of a notebook: its store, and the comm to the kernel that feeds it.
 *
 * How it works: a comm that the page opens after its subshell has started is answered even while a cell runs. After a
 * restart the kernel has no such target and closes the comm, or answers "unknown": then what was shown stays, as saved.
 */
import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel } from '@jupyterlab/services';
import { type IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import { isControlKernel, sendByControl } from '../control';
import { SearchLink } from '../link';
import { COMM_TARGET, type IBundle, type JsonObject, type OutMessage } from '../protocol';
import { SearchStore } from '../store';

/** How long to wait for a subshell before going without. */
const SUBSHELL_MS = 4000;

/** Wait until messages of the comm pass a busy kernel, where kernel and page can do that at all. */
async function subshellStarted(
  kernel: Kernel.IKernelConnection,
  comm: Kernel.IComm
): Promise<void> {
  await kernel.info;
  const overSubshells =
    kernel.supportsSubshells && kernel.commsOverSubshells?.toString() !== 'disabled';
  if (overSubshells && 'subshellStarted' in comm) {
    const late = new Promise<void>(resolve => setTimeout(resolve, SUBSHELL_MS));
    await Promise.race([Promise.resolve(comm.subshellStarted).catch(() => undefined), late]);
  }
}

export class SearchConnection implements IDisposable {
  constructor(sessionContext: ISessionContext, bundle: IBundle) {
    this.searchId = bundle.search_id;
    this._sessionContext = sessionContext;
    this.store = new SearchStore();
    this.link = new SearchLink(this.store, {
      send: message => this._send(message),
      sendControl: command => {
        const kernel = this._kernel;
        if (isControlKernel(kernel)) {
          sendByControl(kernel, this.searchId, command);
        }
      }
    });
    this.link.show(bundle.snapshot);
    sessionContext.kernelChanged.connect(this._onKernelChanged, this);
    sessionContext.statusChanged.connect(this._onStatusChanged, this);
    sessionContext.connectionStatusChanged.connect(this._onConnectionChanged, this);
    void sessionContext.ready.then(() => this.refresh());
  }

  readonly searchId: string;
  readonly store: SearchStore;
  readonly link: SearchLink;

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Connect where there is no live comm; at most one attempt runs and one waits. */
  refresh(): void {
    if (this._isDisposed || (this._comm !== null && !this._comm.isDisposed)) {
      return;
    }
    if (this._isConnecting) {
      this._connectAgain = true;
      return;
    }
    this._isConnecting = true;
    this._connectAgain = false;
    void this._connect()
      .catch((error: unknown) => {
        console.warn('kt_notebook: no connection to the kernel', error);
        this._lose();
      })
      .finally(() => {
        this._isConnecting = false;
        if (this._connectAgain) {
          this.refresh();
        }
      });
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    Signal.clearData(this);
    this.link.dispose();
    const comm = this._comm;
    this._comm = null;
    if (comm !== null && !comm.isDisposed) {
      comm.onClose = () => undefined;
      try {
        comm.close();
      } catch {
        // The kernel went first.
        comm.dispose();
      }
    }
  }

  private get _kernel(): Kernel.IKernelConnection | null {
    return this._sessionContext.session?.kernel ?? null;
  }

  private async _connect(): Promise<void> {
    const kernel = this._kernel;
    if (kernel === null || kernel.isDisposed || !kernel.handleComms || kernel.status === 'dead') {
      this._lose();
      return;
    }
    const comm = kernel.createComm(COMM_TARGET);
    await subshellStarted(kernel, comm);
    if (this._isDisposed || comm.isDisposed || kernel !== this._kernel) {
      comm.dispose();
      return;
    }
    this._comm = comm;
    comm.onMsg = message => this.link.receive(message.content.data);
    comm.onClose = () => {
      if (this._comm === comm) {
        this._lose();
      }
    };
    const data: JsonObject = { search_id: this.searchId };
    comm.open(data);
    this.link.reset();
    this.link.open();
  }

  /** No kernel knows the search any more. */
  private _lose(): void {
    this._comm = null;
    this.link.reset();
    this.store.setConnection('saved');
  }

  private _send(message: OutMessage): void {
    if (this._comm !== null && !this._comm.isDisposed) {
      this._comm.send({ ...message } as unknown as JsonObject);
    }
  }

  private _onKernelChanged(): void {
    this._comm?.dispose();
    this._lose();
    this.refresh();
  }

  private _onStatusChanged(_: ISessionContext, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') {
      this._mustReconnect = status !== 'dead';
      this._comm?.dispose();
      this._lose();
    } else if (this._mustReconnect && (status === 'idle' || status === 'busy')) {
      this._mustReconnect = false;
      this.refresh();
    }
  }

  private _onConnectionChanged(_: ISessionContext, status: Kernel.ConnectionStatus): void {
    if (status === 'connected' && this._comm !== null && !this._comm.isDisposed) {
      // What was sent while the line was down is lost.
      this.link.reset();
      this.link.open();
    }
  }

  private readonly _sessionContext: ISessionContext;
  private _comm: Kernel.IComm | null = null;
  private _isConnecting = false;
  private _connectAgain = false;
  private _mustReconnect = false;
  private _isDisposed = false;
}
