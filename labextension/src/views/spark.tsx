/**
 * A trial's learning curve, small enough for a table row.
 */
import type { Trial } from '../trial';
import type { Extent } from './extent';

export const SPARK_PX = 48;
const HEIGHT = 18;
const MAX_POINTS = SPARK_PX * 2;

/** Return the points of the polyline; curves share one scale so that they can be compared by eye. */
export function sparkPoints(curve: readonly (number | null)[], extent: Extent): string {
  const points: string[] = [];
  const stride = Math.max(1, Math.ceil(curve.length / MAX_POINTS));
  const dx = (SPARK_PX - 2) / Math.max(1, extent.length - 1);
  const range = extent.high - extent.low || 1;
  for (let i = 0; i < curve.length; i += stride) {
    const value = curve[i];
    if (value !== null && Number.isFinite(value)) {
      const y = Math.min(1, Math.max(0, (value - extent.low) / range));
      points.push(`${(1 + i * dx).toFixed(1)},${(HEIGHT - 2 - y * (HEIGHT - 4)).toFixed(1)}`);
    }
  }
  return points.join(' ');
}

export function Spark({ trial, extent }: { trial: Trial; extent: Extent }) {
  const points = sparkPoints(trial.meanCurve(), extent);
  if (points === '') {
    return null;
  }
  const isDot = !points.includes(' ');
  const [x, y] = points.split(',');
  return (
    <svg
      class="kt-Spark"
      width={SPARK_PX}
      height={HEIGHT}
      data-shown={trial.shown}
      aria-hidden="true"
    >
      {isDot ? <circle cx={x} cy={y} r="1.8" /> : <polyline points={points} />}
    </svg>
  );
}
