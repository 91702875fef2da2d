/**
 * Which rows of a long list of rows of one height must exist: those in sight and a few around them.
 */
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

/** Return the first and one past the last row to draw. */
export function visibleRows(
  top: number,
  height: number,
  rowHeight: number,
  count: number
): [number, number] {
  const first = Math.floor(top / rowHeight) - OVERSCAN;
  const end = Math.ceil((top + height) / rowHeight) + OVERSCAN;
  const clip = (row: number) => Math.min(count, Math.max(0, row));
  return [clip(Math.min(first, count - (end - first))), clip(end)];
}

export function useVirtual(
  scroller: RefObject<HTMLDivElement>,
  count: number,
  rowHeight: number,
  headHeight: number
): IVirtual {
  // Only a change of the first row or of the height is a reason to draw.
  const [row, setRow] = useState(0);
  const [height, setHeight] = useState(FIRST_ROWS * rowHeight);

  useLayoutEffect(() => {
    const { current } = scroller;
    if (current === null) {
      return undefined;
    }
    const onScroll = () => setRow(Math.floor(current.scrollTop / rowHeight));
    const observer = new ResizeObserver(() => {
      if (current.clientHeight > 0) {
        setHeight(current.clientHeight);
        onScroll();
      }
    });
    current.addEventListener('scroll', onScroll, { passive: true });
    observer.observe(current);
    return () => {
      current.removeEventListener('scroll', onScroll);
      observer.disconnect();
    };
  }, [scroller, rowHeight]);

  const [first, end] = visibleRows(row * rowHeight, height, rowHeight, count);
  const scrollToIndex = (index: number) => {
    const { current } = scroller;
    if (current === null) {
      return;
    }
    const top = index * rowHeight;
    const seen = current.clientHeight - headHeight;
    if (top < current.scrollTop) {
      current.scrollTop = top;
    } else if (top + rowHeight > current.scrollTop + seen) {
      current.scrollTop = top + rowHeight - seen;
    }
  };
  return { first, end, scrollToIndex };
}
