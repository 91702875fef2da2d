/**
 * What the user should know: hints in one folded line, a refused command, a failed search.
 */
import type { INote, NoteLevel } from '../protocol';
import type { Strings } from '../strings';
import { useView } from './context';
import { ErrorBlock } from './detail';

const LEVELS: readonly NoteLevel[] = ['error', 'warning', 'advice'];

/** Set what stands in backticks as code. */
function Marked({ text }: { text: string }) {
  return (
    <>{text.split('`').map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}</>
  );
}

function headline(notes: readonly INote[], strings: Strings): string {
  return LEVELS.map(level => ({ level, n: notes.filter(note => note.level === level).length }))
    .filter(({ n }) => n > 0)
    .map(({ level, n }) => strings.notes.count(level, n))
    .join(', ');
}

function NoteText({ note }: { note: INote }) {
  const { strings } = useView();
  return (
    <>
      <Marked text={note.text} />
      {note.line !== null && <span class="kt-Soft"> ({strings.notes.line(note.line)})</span>}
    </>
  );
}

export function Notes() {
  const view = useView();
  const { store, strings } = view;
  const sorted = [...store.search.notes].sort(
    (a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level)
  );
  const [first] = sorted;
  if (first === undefined) {
    return null;
  }
  return (
    <details class="kt-Notes" data-level={first.level}>
      <summary>
        <span class="kt-NotesCount">{headline(sorted, strings)}</span>
        <span class="kt-NotesFirst">
          {sorted.map((note, i) => (
            <span key={`${note.code} ${note.text}`}>
              {i > 0 && ' · '}
              <NoteText note={note} />
            </span>
          ))}
        </span>
      </summary>
      <ul>
        {sorted.map(note => (
          <li key={`${note.code} ${note.text}`} data-level={note.level}>
            <NoteText note={note} />
          </li>
        ))}
      </ul>
    </details>
  );
}

/** What stands between head and table: a saved search, a refusal, the error that ended the search. */
export function Banners() {
  const view = useView();
  const { store, strings } = view;
  const { search, connection, refusal } = store;
  return (
    <>
      {connection === 'saved' && search.state !== 'finished' && (
        <div class="kt-Banner" title={strings.head.savedTitle}>
          {strings.head.savedHint}
        </div>
      )}
      {refusal !== null && (
        <div class="kt-Banner" data-level="warning" role="alert">
          {strings.controls.refused(refusal)}
          <span class="kt-Grow" />
          <button type="button" class="kt-Button" onClick={() => store.setPending(null)}>
            {strings.controls.dismiss}
          </button>
        </div>
      )}
      {search.error !== null && <ErrorBlock error={search.error} title={strings.notes.failed} />}
    </>
  );
}
