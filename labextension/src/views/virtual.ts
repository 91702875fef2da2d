/**
 * TanStack's virtual list as a hook: which rows of a long list of rows of one height must exist.
 */
import {
  Virtualizer,
  elementScroll,
  observeElementOffset,
  observeElementRect
} from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';

const OVERSCAN = 6;
/** Rows drawn before the list is measured. */
const FIRST_ROWS = 20;

export interface IVirtual {
  first: number;
  /** One past the last. */
  end: number;
  scrollToIndex: (index: number) => void;
}

export interface IVirtualOptions {
  count: number;
  rowHeight: number;
  /** Of the head that stays at the top. */
  headHeight: number;
}

export function useVirtual(
  scroller: RefObject<HTMLDivElement>,
  { count, rowHeight, headHeight }: IVirtualOptions
): IVirtual {
  const [, setVersion] = useState(0);
  const options = {
    count,
    estimateSize: () => rowHeight,
    getScrollElement: () => scroller.current,
    initialRect: { width: 0, height: FIRST_ROWS * rowHeight },
    overscan: OVERSCAN,
    scrollMargin: headHeight,
    scrollPaddingStart: headHeight,
    scrollToFn: elementScroll,
    observeElementOffset,
    // A list that is hidden for a while keeps its rows.
    observeElementRect: (
      instance: Virtualizer<HTMLDivElement, HTMLDivElement>,
      measured: (rect: { width: number; height: number }) => void
    ) =>
      observeElementRect(instance, rect => {
        if (rect.height > 0) {
          measured(rect);
        }
      }),
    onChange: () => setVersion(version => version + 1)
  };
  const [virtualizer] = useState(() => new Virtualizer<HTMLDivElement, HTMLDivElement>(options));
  virtualizer.setOptions(options);
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  const items = virtualizer.getVirtualItems();
  return {
    first: items[0]?.index ?? 0,
    end: (items[items.length - 1]?.index ?? -1) + 1,
    scrollToIndex: index => virtualizer.scrollToIndex(index)
  };
}
