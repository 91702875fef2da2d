/**
 * The panel of one search: head, trials, curves, detail, notes. It takes a store and a way to send; nothing else.
 */
import { type ComponentChildren, render } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { SearchStore } from '../store';
import { type Strings, english, makeStrings } from '../strings';
import { valueNames } from './columns';
import { ViewContext, useView } from './context';
import { Curves } from './curves';
import { Detail } from './detail';
import { Head } from './head';
import { guardKeys, pressKey } from './keys';
import { Banners, Notes } from './notes';
import { Table, TableFoot } from './table';
import { isDark, watchTheme } from './theme';
import { Toolbar } from './toolbar';
import { type Send, ViewModel } from './viewmodel';

const SIDE_CHART_PX = 200;
const LARGE_CHART_PX = 380;

function Waiting() {
  const { store, strings } = useView();
  const t = strings.table;
  const { state } = store.search;
  const names = valueNames(store);
  const text =
    store.hasEnded || store.connection === 'saved'
      ? t.noTrials
      : state === 'paused'
        ? t.waitingPaused
        : t.waiting;
  return (
    <div class="kt-Waiting">
      <b>{text}</b>
      {names.length > 0 && (
        <span class="kt-Soft">
          {t.space(names.length)}: {names.join(', ')}
        </span>
      )}
    </div>
  );
}

function TrialsView() {
  const view = useView();
  return (
    <main class="kt-Main">
      <section class="kt-Pane">
        <Table />
        {view.rows.value.length === 0 && <div class="kt-Empty">{view.strings.table.none}</div>}
        <TableFoot />
      </section>
      <section class="kt-Pane kt-mod-side">
        <Curves height={SIDE_CHART_PX} />
        <Detail />
      </section>
    </main>
  );
}

function CurvesView() {
  return (
    <main class="kt-Main">
      <section class="kt-Pane kt-mod-padded">
        <Curves height={LARGE_CHART_PX} />
      </section>
      <section class="kt-Pane kt-mod-side">
        <Detail />
      </section>
    </main>
  );
}

function Body() {
  const view = useView();
  if (view.store.trials.length === 0) {
    return <Waiting />;
  }
  return (
    <>
      <Toolbar />
      {view.tab.value === 'trials' ? <TrialsView /> : <CurvesView />}
    </>
  );
}

function Frame({ children }: { children: ComponentChildren }) {
  const view = useView();
  const root = useRef<HTMLDivElement>(null);
  const [dark, setDark] = useState(false);
  useLayoutEffect(() => {
    const { current } = root;
    if (current === null) {
      return undefined;
    }
    const look = () => setDark(isDark(current));
    look();
    const unwatch = watchTheme(look);
    const unguard = guardKeys(current);
    // Hosts may draw first and put into the page later.
    const observer = new ResizeObserver(look);
    observer.observe(current);
    return () => {
      unwatch();
      unguard();
      observer.disconnect();
    };
  }, []);
  return (
    <div
      ref={root}
      class={dark ? 'kt-Panel kt-mod-dark' : 'kt-Panel'}
      role="region"
      aria-label={view.strings.head.search(view.store.search.name)}
      tabIndex={-1}
      onKeyDown={event => {
        if (pressKey(view, event, event.currentTarget)) {
          event.preventDefault();
          event.stopPropagation();
        }
      }}
    >
      <div class="kt-Frame">{children}</div>
    </div>
  );
}

export interface IPanelProps {
  store: SearchStore;
  send: Send;
  strings?: Strings;
}

export function Panel({ store, send, strings }: IPanelProps) {
  const view = useMemo(
    () => new ViewModel(store, send, strings ?? makeStrings(english)),
    [store, send, strings]
  );
  useEffect(() => () => view.dispose(), [view]);
  return (
    <ViewContext.Provider value={view}>
      <Frame>
        <Head />
        <Banners />
        <Body />
        <Notes />
      </Frame>
    </ViewContext.Provider>
  );
}

/** Draw a search into a node; the returned function removes it again. */
export function mountPanel(node: HTMLElement, props: IPanelProps): () => void {
  render(<Panel {...props} />, node);
  return () => render(null, node);
}
