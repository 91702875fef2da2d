/**
 * The trials by hand that wait in line, folded by the rules of `core/record.py`.
 */
import type { IEnqueued, IRecord } from './protocol';
import { numberOrNull, readEnqueued } from './wire';

/** Return the line after a record: a trial joins at its end, and leaves it when it starts or is dropped. */
export function foldLine(line: IEnqueued[], { kind, fields }: IRecord): IEnqueued[] {
  switch (kind) {
    case 'trial_enqueued': {
      const joining = readEnqueued(fields);
      return joining === null ? line : [...line, joining];
    }
    case 'trial_dropped':
      return without(line, numberOrNull(fields.number));
    case 'trial_started':
      return without(line, readEnqueued(fields.enqueued)?.number ?? null);
    default:
      return line;
  }
}

function without(line: IEnqueued[], n: number | null): IEnqueued[] {
  return n === null ? line : line.filter(waiting => waiting.number !== n);
}
