/**
 * What the chart shows: learning curves with the best trial in front, or scores of trials without epochs.
 */
import { scoreOf } from '../arrange';
import type { Trial } from '../trial';
import { robustRange } from './extent';
import type { IDot, IScene, IStroke } from './plot';
import type { Colors } from './theme';
import type { ViewModel } from './viewmodel';

export const MAX_CURVES = 200;
/** With more curves than this, those behind become see-through. */
const MANY_CURVES = 40;
const MANY_DOTS = 400;

/** Widen a range a little, so that lines do not run along its edge. */
function padded([low, high]: readonly [number, number], part: number): [number, number] {
  const pad = (high - low) * part || 0.5;
  return [low - pad, high + pad];
}

/** Return the trials to draw, the one in front last. */
export function curvesToDraw(view: ViewModel): Trial[] {
  const { sign, standing } = view.store;
  const selected = view.selected.value;
  let drawn = view.rows.value.filter(trial => trial.curves.length > 0);
  if (drawn.length > MAX_CURVES) {
    if (view.sort.value !== null) {
      const key = (trial: Trial) => sign * (scoreOf(trial, sign) ?? sign * Infinity);
      drawn.sort((a, b) => key(a) - key(b));
    }
    const rest = drawn.slice(MAX_CURVES);
    drawn = drawn
      .slice(0, MAX_CURVES)
      .concat(rest.filter(t => t.status === 'RUNNING' || t.id === selected));
  }
  const depth = (trial: Trial) =>
    trial.id === selected ? 3 : trial === standing.best ? 2 : trial.status === 'RUNNING' ? 1 : 0;
  return drawn.reverse().sort((a, b) => depth(a) - depth(b));
}

export function curveScene(view: ViewModel, colors: Colors): IScene {
  const trials = curvesToDraw(view);
  const { best } = view.store.standing;
  const selected = view.selected.value;
  const behind = trials.length > MANY_CURVES ? colors.veil : colors.faint;
  const strokes = trials.map((trial): IStroke => {
    const isRunning = trial.status === 'RUNNING';
    const isFront = trial === best || trial.id === selected;
    const color =
      trial === best
        ? colors.good
        : trial.id === selected
          ? colors.text
          : isRunning
            ? colors.accent
            : behind;
    return {
      id: trial.id,
      xs: null,
      ys: trial.meanCurve(),
      color,
      width: isFront ? 2.4 : isRunning ? 1.8 : 1
    };
  });
  const { low, high, length } = view.extent;
  return { x: [1, Math.max(2, length)], y: padded([low, high], 0.05), strokes, dots: [] };
}

export function historyScene(view: ViewModel, colors: Colors): IScene {
  const { sign, standing } = view.store;
  const selected = view.selected.value;
  const trials = view.rows.value.filter(
    trial => trial.score !== null && Number.isFinite(trial.score)
  );
  trials.sort((a, b) => a.index - b.index);
  const scores = trials.map(trial => trial.score ?? 0);
  let best: number | null = null;
  const bests = trials.map((trial, i) => {
    if (trial.hasScore && (best === null || sign * scores[i] < sign * best)) {
      best = scores[i];
    }
    return best;
  });
  const radius = trials.length > MANY_DOTS ? 1.5 : 3;
  const dots = trials.map((trial, i): IDot => {
    const isFront = trial === standing.best || trial.id === selected;
    const color =
      trial === standing.best ? colors.good : trial.id === selected ? colors.text : colors.faint;
    return { id: trial.id, x: trial.index, y: scores[i], color, radius: isFront ? 4.5 : radius };
  });
  const xs = trials.map(trial => trial.index);
  const line: IStroke = { id: null, xs, ys: bests, color: colors.good, width: 2, isStepped: true };
  const x = padded([xs[0] ?? 0, xs[xs.length - 1] ?? 1], 0.02);
  return { x, y: padded(robustRange([...scores], sign), 0.05), strokes: [line], dots };
}
