/**
 * The line above the table: which view, and which trials.
 */
import { formatCount } from '../format';
import { SHOWN_STATES } from '../trial';
import { useView } from './context';
import type { Tab } from './viewmodel';

function Tabs() {
  const { strings, tab } = useView();
  const t = strings.table;
  const tabs: { key: Tab; label: string }[] = [
    { key: 'trials', label: t.trials },
    { key: 'curves', label: t.curves }
  ];
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLDivElement }) => {
    if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      tab.value = tab.value === 'trials' ? 'curves' : 'trials';
      event.currentTarget.querySelector<HTMLElement>('[tabindex="-1"]')?.focus();
      event.preventDefault();
      event.stopPropagation();
    }
  };
  return (
    <div class="kt-Tabs" role="tablist" aria-label={t.views} onKeyDown={onKeyDown}>
      {tabs.map(({ key, label }) => (
        <button
          key={key}
          type="button"
          role="tab"
          aria-selected={tab.value === key}
          tabIndex={tab.value === key ? 0 : -1}
          onClick={() => (tab.value = key)}
        >
          {label}
        </button>
      ))}
    </div>
  );
}

function StateChips() {
  const view = useView();
  const { store, strings } = view;
  const only = view.only.value;
  // Between two trials none runs for a moment; the chip stays, so that nothing jumps.
  const isActive = store.connection === 'live' && !store.hasEnded;
  const present = SHOWN_STATES.filter(
    shown =>
      store.standing.counts[shown] > 0 || only.has(shown) || (shown === 'running' && isActive)
  );
  if (present.length < 2 && only.size === 0) {
    return null;
  }
  return (
    <>
      {present.map(shown => {
        const n = formatCount(store.standing.counts[shown]);
        return (
          <button
            key={shown}
            type="button"
            class="kt-Chip"
            aria-pressed={only.has(shown)}
            title={strings.table.only(strings.states.trial[shown], n)}
            onClick={() => view.toggleOnly(shown)}
          >
            <i class="kt-Dot" data-shown={shown} aria-hidden="true" />
            <span class="kt-ChipText">{strings.states.trial[shown]}</span> {n}
          </button>
        );
      })}
    </>
  );
}

export function Toolbar() {
  const view = useView();
  const t = view.strings.table;
  return (
    <nav class="kt-Toolbar">
      <Tabs />
      <span class="kt-Grow" />
      <div class="kt-Filter">
        <StateChips />
        <input
          type="search"
          class="kt-Input"
          value={view.text.value}
          placeholder={t.filterHint}
          aria-label={t.filter}
          aria-keyshortcuts="/"
          title={t.filterTitle}
          spellcheck={false}
          onInput={event => (view.text.value = event.currentTarget.value)}
        />
        {view.isFiltered.value && (
          <button
            type="button"
            class="kt-Chip"
            title={t.clear}
            aria-label={t.clear}
            onClick={() => view.showAll()}
          >
            ✕
          </button>
        )}
      </div>
    </nav>
  );
}
