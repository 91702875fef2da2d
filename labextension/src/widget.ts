import { h, render } from 'preact';
import css from '../style/panel.css';
import { SearchStore } from './store';
import { Panel } from './views/panel';
export default () => ({ render({ el }: { el: HTMLElement }) {
  const style = document.createElement('style'); style.textContent = css; el.append(style);
  const node = document.createElement('div'); el.append(node); render(h(Panel, { store: new SearchStore() }), node);
  return () => render(null, node);
} });
