import { useEffect, useState } from 'preact/hooks';
import type { SearchStore } from '../store';
export function Panel({ store }: { store: SearchStore }) {
  const [, redraw] = useState(0);
  useEffect(() => store.subscribe(() => redraw(n => n + 1)), [store]);
  return <div class="kt-Panel">{store.search.name} {store.search.state} {store.nTrials}</div>;
}
