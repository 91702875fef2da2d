/**
 * How a trial's fits ran, by the rules of `core/fit_record.py`.
 */
import { FIT_PATHS, type FitPath, type IFit } from './protocol';
import type { Strings } from './strings';

/** Return the slower of two, the first of equal ones: a trial is as fast as the slowest of its fits. */
export function slower(first: IFit | null, second: IFit): IFit {
  return first === null || FIT_PATHS.indexOf(second.path) < FIT_PATHS.indexOf(first.path)
    ? { path: second.path, reason: second.reason }
    : first;
}

/** Return how fits ran in a line: each way once, with the reasons why not faster; '' where nothing is known. */
export function fitsText(fits: readonly IFit[], strings: Strings): string {
  const t = strings.detail;
  const reasons = new Map<FitPath, Set<string>>();
  for (const { path, reason } of fits) {
    const known = reasons.get(path) ?? new Set<string>();
    reasons.set(path, reason === null ? known : known.add(reason));
  }
  const parts = [...reasons].map(([path, why]) =>
    why.size === 0 ? t.fitPaths[path] : t.fitWhy(t.fitPaths[path], [...why].join('; '))
  );
  return parts.length === 0 ? '' : t.fit(parts.join(' · '));
}
