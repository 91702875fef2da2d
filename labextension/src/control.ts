/**
 * Commands by the kernel's control channel, which is read while a cell runs.
 */
import type { ICommand } from './protocol';

/** The part of a kernel connection that is needed; JupyterLab's has it, other hosts' may. */
export interface IControlKernel {
  readonly username?: string;
  readonly clientId?: string;
  sendControlMessage(message: unknown, expectReply?: boolean, disposeOnDone?: boolean): unknown;
}

export function isControlKernel(value: unknown): value is IControlKernel {
  return (
    typeof value === 'object' &&
    value !== null &&
    'sendControlMessage' in value &&
    typeof value.sendControlMessage === 'function'
  );
}

/** Return the Python that applies a command; JSON's strings are Python's strings. */
export function controlCode(searchId: string, command: ICommand): string {
  const id = JSON.stringify(searchId);
  const json = JSON.stringify(JSON.stringify(command));
  return `__import__("kt_notebook.panel.host", fromlist=["apply"]).apply(${id}, ${json})`;
}

function controlMessage(kernel: IControlKernel, code: string, id: string) {
  return {
    channel: 'control',
    header: {
      msg_id: id,
      msg_type: 'execute_request',
      username: kernel.username ?? '',
      session: kernel.clientId ?? '',
      date: new Date().toISOString(),
      version: '5.3'
    },
    parent_header: {},
    metadata: {},
    content: {
      code,
      silent: true,
      store_history: false,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: false
    },
    buffers: []
  };
}

/** Send the command; that it cannot be sent is no error, as the other way carries it too. */
export function sendByControl(kernel: IControlKernel, searchId: string, command: ICommand): void {
  try {
    const message = controlMessage(kernel, controlCode(searchId, command), `kt-${command.id}`);
    const future = kernel.sendControlMessage(message, false, true);
    if (typeof future === 'object' && future !== null && 'done' in future) {
      // A restart cancels the future, which nobody waits for.
      void Promise.resolve(future.done).catch(() => undefined);
    }
  } catch (error) {
    console.warn('kt_notebook: the control channel took no command', error);
  }
}
