/**
 * Show the panel with a made-up search; the address says which: ?scene=running&dark&jp&live&open=12
 */
import css from '../style/panel.css';
import { SearchStore } from '../src/store';
import { mountPanel } from '../src/views/panel';
import { Feed, type IScene } from './feed';

const query = new URLSearchParams(location.search);
const SCENES: Record<string, IScene> = {
  running: { trials: 18, maxTrials: 40, epochs: 15, end: 'running', notes: true },
  many: { trials: 10000, maxTrials: 12000, epochs: 15, end: 'running', notes: false },
  failed: { trials: 3, maxTrials: 40, epochs: 15, end: 'failed', notes: false },
  empty: { trials: 0, maxTrials: 25, epochs: 15, end: 'running', notes: false },
  finished: { trials: 25, maxTrials: 25, epochs: 15, end: 'finished', notes: true },
  paused: { trials: 9, maxTrials: 25, epochs: 15, end: 'paused', notes: false },
  stopping: { trials: 9, maxTrials: 25, epochs: 0, end: 'stopping', notes: false },
  saved: { trials: 12, maxTrials: 25, epochs: 15, end: 'running', notes: false },
  scores: { trials: 60, maxTrials: 100, epochs: 0, end: 'running', notes: false },
  one: { trials: 1, maxTrials: 25, epochs: 15, end: 'running', notes: false }
};

const name = query.get('scene') ?? 'running';
const scene = SCENES[name] ?? SCENES.running;
const probe = new Feed(scene, 0);
const feed = new Feed(scene, Date.now() / 1000 - probe.now);
const store = new SearchStore();
store.setConnection(name === 'saved' ? 'saved' : 'live');
const started = performance.now();
store.apply(feed.records);
const foldMs = performance.now() - started;

const style = document.createElement('style');
style.textContent = css;
document.head.append(style);
document.documentElement.classList.toggle('dark', query.has('dark'));
const node = document.createElement('div');
document.body.append(node);
mountPanel(node, {
  store,
  send: message => {
    console.log(JSON.stringify(message));
    if (message.type === 'command') {
      setTimeout(
        () =>
          store.setPending(
            null,
            message.command.kind === 'add_trials' ? 'this is only a picture' : null
          ),
        1500
      );
    }
  }
});
Object.assign(window, { store, foldMs, nRecords: feed.records.length });

const open = query.get('open');
if (open !== null) {
  setTimeout(() => {
    for (const row of node.querySelectorAll<HTMLElement>('.kt-TableRow')) {
      if (row.textContent?.startsWith(open)) {
        row.click();
        break;
      }
    }
  }, 150);
}
if (query.has('live')) {
  setInterval(() => store.apply(feed.step(Date.now() / 1000), Date.now() / 1000), 120);
}
