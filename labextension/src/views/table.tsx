/**
 * The table of trials: a grid of rows of one height, of which only the visible ones exist.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { formatCount } from '../format';
import { type IColumn, columnsOf } from './columns';
import { useView } from './context';
import { Row } from './row';
import type { ViewModel } from './viewmodel';
import { useVirtual } from './virtual';

export const ROW_PX = 28;
export const HEAD_PX = 30;
const PAGE_ROWS = 12;

let nTables = 0;

/** What a click on a column's head leads to: its natural order, the reverse, then the best first again. */
export function nextSort(view: ViewModel, key: string): void {
  const sort = view.sort.value;
  const natural = key === 'score' ? view.store.sign === -1 : false;
  const first = { key, descending: natural };
  if (key === 'score' && sort === null) {
    view.sort.value = { key, descending: !natural };
  } else if (sort?.key !== key) {
    view.sort.value = key === 'score' ? null : first;
  } else {
    view.sort.value = sort.descending === natural ? { key, descending: !natural } : null;
  }
}

function useColumns(view: ViewModel): IColumn[] {
  const { store, strings } = view;
  const { search, trials } = store;
  const hasCurves = view.extent.length > 1 || trials.some(trial => trial.curves.length > 0);
  const last = trials[trials.length - 1];
  // Columns depend on the space and on how long values get: the first trials tell, then one in a hundred.
  const stage = trials.length < 20 ? trials.length : 20 + Math.floor(trials.length / 100);
  const names = last === undefined ? 0 : Object.keys(last.values).length;
  return useMemo(
    () => columnsOf(store, strings, hasCurves),
    [store, strings, hasCurves, search.search_id, search.space, search.objective, stage, names]
  );
}

function HeadCell(props: {
  column: IColumn;
  index: number;
  tabStop: boolean;
  onFocus: () => void;
}) {
  const view = useView();
  const { column, index } = props;
  const sort = view.sort.value ?? { key: 'score', descending: view.store.sign === -1 };
  const isSorted = sort.key === column.key;
  const direction = sort.descending ? 'descending' : 'ascending';
  return (
    <div
      role="columnheader"
      aria-colindex={index + 1}
      aria-sort={isSorted ? direction : 'none'}
      class={column.isText ? 'kt-Cell kt-mod-text' : 'kt-Cell'}
    >
      <button
        type="button"
        title={`${column.title} – ${view.strings.table.sortBy(column.title)}`}
        tabIndex={props.tabStop ? 0 : -1}
        onFocus={props.onFocus}
        onClick={() => nextSort(view, column.key)}
      >
        <span>{column.label}</span>
        {isSorted && <span aria-hidden="true">{sort.descending ? '↓' : '↑'}</span>}
      </button>
    </div>
  );
}

function TableHead({ columns, onLeave }: { columns: IColumn[]; onLeave: () => void }) {
  const [stop, setStop] = useState(0);
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLDivElement }) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === 'ArrowDown') {
      onLeave();
    } else if (step === undefined) {
      return;
    } else {
      const buttons = event.currentTarget.querySelectorAll('button');
      buttons[Math.min(buttons.length - 1, Math.max(0, stop + step))]?.focus();
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="kt-TableHead" role="row" aria-rowindex={1} onKeyDown={onKeyDown}>
      {columns.map((column, i) => (
        <HeadCell
          key={column.key}
          column={column}
          index={i}
          tabStop={i === Math.min(stop, columns.length - 1)}
          onFocus={() => setStop(i)}
        />
      ))}
    </div>
  );
}

export function Table() {
  const view = useView();
  void view.version.value;
  const { store, strings, extent } = view;
  const scroller = useRef<HTMLDivElement>(null);
  const prefix = useMemo(() => `kt-row-${++nTables}`, []);
  const columns = useColumns(view);
  const rows = view.rows.value;
  const virtual = useVirtual(scroller, rows.length, ROW_PX, HEAD_PX);
  const cursor = view.cursor.value;
  const selected = view.selected.value;
  const hovered = view.hovered.value;
  const cursorIndex = cursor === null ? -1 : rows.findIndex(trial => trial.id === cursor);

  const move = (to: number) => {
    const index = Math.min(rows.length - 1, Math.max(0, to));
    const trial = rows[index];
    if (trial !== undefined) {
      view.cursor.value = trial.id;
      virtual.scrollToIndex(index);
    }
  };
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLDivElement }) => {
    const target: Record<string, number> = {
      ArrowDown: cursorIndex + 1,
      ArrowUp: cursorIndex - 1,
      PageDown: cursorIndex + PAGE_ROWS,
      PageUp: cursorIndex - PAGE_ROWS,
      Home: 0,
      End: rows.length - 1
    };
    if (event.key === 'ArrowUp' && cursorIndex <= 0) {
      event.currentTarget.querySelector<HTMLElement>('[role=columnheader] [tabindex="0"]')?.focus();
    } else if (event.key in target) {
      move(target[event.key]);
    } else if (event.key === 'Enter' && cursorIndex >= 0) {
      view.open(rows[cursorIndex].id);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  // A trial chosen elsewhere, in a chart, comes into sight.
  useEffect(() => {
    const index = selected === null ? -1 : rows.findIndex(trial => trial.id === selected);
    if (index >= 0) {
      virtual.scrollToIndex(index);
    }
  }, [selected]);

  const open = useMemo(() => (id: string) => view.open(id), [view]);
  const hover = useMemo(() => (id: string | null) => (view.hovered.value = id), [view]);
  const template = columns
    .map((c, i) => (i === columns.length - 1 ? `minmax(${c.width}px, 1fr)` : `${c.width}px`))
    .join(' ');
  const width = columns.reduce((sum, column) => sum + column.width, 0);
  return (
    <div
      ref={scroller}
      class="kt-Table"
      role="grid"
      tabIndex={0}
      aria-label={strings.table.caption}
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length}
      aria-activedescendant={cursorIndex >= 0 ? `${prefix}-${cursorIndex}` : undefined}
      style={{ '--kt-columns': template, '--kt-width': `${width}px` }}
      onKeyDown={onKeyDown}
    >
      <TableHead columns={columns} onLeave={() => scroller.current?.focus()} />
      <div class="kt-TableBody" role="rowgroup" style={{ height: `${rows.length * ROW_PX}px` }}>
        {rows.slice(virtual.first, virtual.end).map((trial, i) => {
          const index = virtual.first + i;
          return (
            <Row
              key={trial.id}
              id={`${prefix}-${index}`}
              trial={trial}
              revision={trial.revision}
              extent={extent}
              extentRevision={extent.revision}
              columns={columns}
              top={index * ROW_PX}
              index={index}
              sign={store.sign}
              isBest={trial === store.standing.best}
              isSelected={trial.id === selected}
              isCursor={trial.id === cursor}
              isHovered={trial.id === hovered}
              strings={strings}
              onOpen={open}
              onHover={hover}
            />
          );
        })}
      </div>
    </div>
  );
}

/** What is said below the table: how much of it is seen. */
export function TableFoot() {
  const view = useView();
  void view.version.value;
  const { store, strings } = view;
  const notes: string[] = [];
  if (view.isFiltered.value) {
    notes.push(
      strings.table.shownOf(formatCount(view.rows.value.length), formatCount(store.trials.length))
    );
  }
  if (store.trials.length < store.nTrials) {
    notes.push(strings.table.cut(formatCount(store.trials.length), formatCount(store.nTrials)));
  }
  return notes.length === 0 ? null : <div class="kt-TableFoot">{notes.join(' · ')}</div>;
}
