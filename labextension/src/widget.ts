/**
 * The panel as an anywidget module, for every host that shows widgets.
 */
import css from '../style/panel.css';
import { isControlKernel, sendByControl } from './control';
import { SearchLink } from './link';
import { SearchStore } from './store';
import { mountPanel } from './views/panel';
import { readSnapshot, text } from './wire';

/** The part of anywidget's model that is used. */
interface IModel {
  get(name: string): unknown;
  send(content: unknown): void;
  on(event: 'msg:custom', callback: (message: unknown) => void): void;
  off(event: 'msg:custom', callback: (message: unknown) => void): void;
  widget_manager?: { kernel?: unknown } | null;
}

function addStyle(el: HTMLElement): HTMLStyleElement {
  const style = document.createElement('style');
  style.textContent = css;
  el.append(style);
  return style;
}

/** Every view has a store of its own: anywidget drops a view's listeners with the view. */
function render({ model, el }: { model: IModel; el: HTMLElement }): () => void {
  const searchId = text(model.get('search_id'));
  const store = new SearchStore();
  const link = new SearchLink(store, {
    send: message => model.send(message),
    sendControl: command => {
      const kernel = model.widget_manager?.kernel;
      if (isControlKernel(kernel)) {
        sendByControl(kernel, searchId, command);
      }
    }
  });
  const snapshot = readSnapshot(model.get('snapshot'));
  if (snapshot !== null) {
    link.show(snapshot);
  }
  const receive = (message: unknown) => link.receive(message);
  model.on('msg:custom', receive);
  const style = addStyle(el);
  const node = document.createElement('div');
  el.append(node);
  const unmount = mountPanel(node, { store, send: message => link.send(message) });
  link.open();
  return () => {
    model.off('msg:custom', receive);
    link.dispose();
    unmount();
    node.remove();
    style.remove();
  };
}

export default { render };
