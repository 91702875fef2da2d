/**
 * What the charts share: the look of a uPlot, and what they tell of the mouse.
 */
import type uPlot from 'uplot';
import { formatNumber } from '../format';
import type { Colors } from './theme';

/** What the mouse is on; positions in pixels of the chart. */
export interface IHit {
  trialId: string;
  /** The epoch, from 1; null where the chart shows scores. */
  epoch: number | null;
  value: number;
  left: number;
  top: number;
}

export interface IChart {
  /** Draw the store as it is now. */
  draw(): void;
  resize(size: ISize): void;
  /** Bring one trial to the front, or none. */
  highlight(trialId: string | null): void;
  dispose(): void;
}

export interface IChartEvents {
  onHit(hit: IHit | null): void;
  onPick(trialId: string): void;
}

export interface ISize {
  width: number;
  height: number;
}

/** How near the mouse must come to what it means. */
export const NEAR_PX = 24;
const MAX_STEP = 1e6;
const DIGIT_PX = 6.5;

const INTEGER_STEPS = [1, 2, 5].flatMap(digit =>
  Array.from({ length: Math.log10(MAX_STEP) }, (_, power) => digit * 10 ** power)
);
INTEGER_STEPS.sort((a, b) => a - b);

/** Return round integers of the range; from 1 on, the first epoch is always among them. */
export function integerSplits(low: number, high: number, step: number): number[] {
  const found = low === 1 ? [1] : [];
  // Steps of two go on from the first epoch; `+ 0` because `Math.ceil` gives −0.
  const start = low === 1 && step <= 2 ? 1 : 0;
  for (let i = Math.ceil((low - start) / step) + 0; start + i * step <= high; i++) {
    if (low !== 1 || i > 0) {
      found.push(start + i * step);
    }
  }
  return found;
}

/** Widen a range a little, so that lines do not run along its edge. */
export function padded([low, high]: readonly [number, number], part = 0.05): [number, number] {
  const pad = (high - low) * part || 0.5;
  return [low - pad, high + pad];
}

type Range = () => readonly [number, number];

/** Return options for axes without decoration, no legend and no zooming. */
export function chartOptions(
  size: ISize,
  colors: Colors,
  ranges: { x: Range; y: Range },
  more: Partial<uPlot.Options> & Pick<uPlot.Options, 'series'>
): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: colors.soft,
    font: `11px ${colors.font}`,
    ticks: { show: false },
    gap: 7
  };
  return {
    ...size,
    ...more,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: {
      ...more.cursor,
      x: false,
      y: false,
      drag: { x: false, y: false, setScale: false },
      focus: { prox: NEAR_PX, ...more.cursor?.focus },
      points: { one: true, size: 8, width: 2, fill: colors.bg, stroke: colors.text }
    },
    scales: {
      x: { time: false, range: () => [...ranges.x()] },
      y: { range: () => [...ranges.y()] }
    },
    axes: [
      {
        ...axis,
        size: 22,
        space: 48,
        incrs: INTEGER_STEPS,
        grid: { show: false },
        splits: (_, __, low, high, step) => integerSplits(low, high, step)
      },
      {
        ...axis,
        size: (_, labels) =>
          Math.ceil(Math.max(4, ...(labels ?? []).map(label => label.length)) * DIGIT_PX) + 9,
        space: 30,
        grid: { stroke: colors.line, width: 1 },
        values: (_, splits) => splits.map(split => formatNumber(split))
      }
    ]
  };
}

/** Return a place inside the plot as one inside the chart. */
export function chartPlace({ over }: uPlot, left: number, top: number) {
  return { left: left + over.offsetLeft, top: top + over.offsetTop };
}
