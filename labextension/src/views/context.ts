/**
 * How views reach the view model that they draw.
 */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { ViewModel } from './viewmodel';

export const ViewContext = createContext<ViewModel | null>(null);

/** Return the view model; what uses it is drawn anew when the store has changed. */
export function useView(): ViewModel {
  const view = useContext(ViewContext);
  if (view === null) {
    throw new Error('A view of a search is drawn outside of its panel.');
  }
  void view.version.value;
  return view;
}
