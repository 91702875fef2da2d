/**
 * The table of trials: a grid of rows of one height, of which only the visible ones exist.
 */
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { formatCount } from '../format';
import type { Trial } from '../trial';
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

/** Return where the cursor is, −1 where it is nowhere. */
function cursorIndex(view: ViewModel): number {
  const cursor = view.cursor.value;
  return cursor === null ? -1 : view.rows.value.findIndex(trial => trial.id === cursor);
}

/** Move through the rows by keys; the head is above the first one. */
function rowKeys(view: ViewModel, scrollToIndex: (index: number) => void) {
  return (event: KeyboardEvent & { currentTarget: HTMLDivElement }) => {
    // Read anew at each key: several may be pressed before the next drawing.
    const rows = view.rows.value;
    const at = cursorIndex(view);
    const targets: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + PAGE_ROWS,
      PageUp: at - PAGE_ROWS,
      Home: 0,
      End: rows.length - 1
    };
    if (event.key === 'ArrowUp' && at <= 0) {
      event.currentTarget.querySelector<HTMLElement>('[role=columnheader] [tabindex="0"]')?.focus();
    } else if (event.key in targets && rows.length > 0) {
      const to = Math.min(rows.length - 1, Math.max(0, targets[event.key]));
      view.cursor.value = rows[to].id;
      scrollToIndex(to);
    } else if (event.key === 'Enter' && at >= 0) {
      view.open(rows[at].id);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
}

interface IRowsProps {
  rows: readonly Trial[];
  first: number;
  end: number;
  columns: readonly IColumn[];
  prefix: string;
}

function Rows({ rows, first, end, columns, prefix }: IRowsProps) {
  const view = useView();
  const { store, strings, extent } = view;
  const open = useCallback((id: string) => view.open(id), [view]);
  const hover = useCallback((id: string | null) => (view.hovered.value = id), [view]);
  return (
    <div class="kt-TableBody" role="rowgroup" style={{ height: `${rows.length * ROW_PX}px` }}>
      {rows.slice(first, end).map((trial, i) => (
        <Row
          key={trial.id}
          id={`${prefix}-${first + i}`}
          trial={trial}
          revision={trial.revision}
          extent={extent}
          extentRevision={extent.revision}
          columns={columns}
          top={(first + i) * ROW_PX}
          index={first + i}
          sign={store.sign}
          isBest={trial === store.standing.best}
          isSelected={trial.id === view.selected.value}
          isCursor={trial.id === view.cursor.value}
          isHovered={trial.id === view.hovered.value}
          strings={strings}
          onOpen={open}
          onHover={hover}
        />
      ))}
    </div>
  );
}

/** Return the columns as a grid's template and the least width; `--kt-pad` is what a cell keeps free. */
function template(columns: readonly IColumn[]): { '--kt-columns': string; '--kt-width': string } {
  const size = (chars: number, px: number, n: number) =>
    `calc(${chars.toFixed(2)}ch + ${px}px + ${n} * var(--kt-pad))`;
  const tracks = columns.map(({ chars, px, grows }) =>
    grows ? `minmax(${size(chars, px, 1)}, ${chars.toFixed(2)}fr)` : size(chars, px, 1)
  );
  const sum = (of: (column: IColumn) => number) =>
    columns.reduce((total, column) => total + of(column), 0);
  return {
    '--kt-columns': tracks.join(' '),
    '--kt-width': size(
      sum(({ chars }) => chars),
      sum(({ px }) => px),
      columns.length
    )
  };
}

export function Table() {
  const view = useView();
  const scroller = useRef<HTMLDivElement>(null);
  const prefix = useMemo(() => `kt-row-${++nTables}`, []);
  const columns = useColumns(view);
  const rows = view.rows.value;
  const { first, end, scrollToIndex } = useVirtual(scroller, {
    count: rows.length,
    rowHeight: ROW_PX,
    headHeight: HEAD_PX
  });
  const at = cursorIndex(view);

  // A trial chosen elsewhere, in a chart, comes into sight.
  const selected = view.selected.value;
  useEffect(() => {
    const index = selected === null ? -1 : rows.findIndex(trial => trial.id === selected);
    if (index >= 0) {
      scrollToIndex(index);
    }
  }, [selected]);

  return (
    <div
      ref={scroller}
      class="kt-Table"
      role="grid"
      tabIndex={0}
      aria-label={view.strings.table.caption}
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length}
      aria-activedescendant={at >= first && at < end ? `${prefix}-${at}` : undefined}
      style={template(columns)}
      onKeyDown={rowKeys(view, scrollToIndex)}
    >
      <TableHead columns={columns} onLeave={() => scroller.current?.focus()} />
      <Rows rows={rows} first={first} end={end} columns={columns} prefix={prefix} />
    </div>
  );
}

/** What is said below the table: how much of it is seen. */
export function TableFoot() {
  const view = useView();
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
