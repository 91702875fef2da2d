/**
 * Learning curves: the best trial in front, running ones highlighted, the others faint behind them.
 *
 * How it works: uPlot keeps its series, so they are slots that trials are put into; what a slot looks like is asked for
 * at each drawing. Slots are only ever added; those left over are empty.
 */
import uPlot from 'uplot';
import { scoreOf } from '../arrange';
import type { Trial } from '../trial';
import {
  type IChart,
  type IChartEvents,
  type IHit,
  type ISize,
  chartOptions,
  chartPlace,
  padded
} from './chart';
import type { Colors } from './theme';
import type { ViewModel } from './viewmodel';

export const MAX_CURVES = 200;
/** With more curves than this, those behind become see-through. */
const MANY_CURVES = 40;
const VEILED = 0.28;
const FRONT_PX = 2.4;
const RUNNING_PX = 1.8;

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
    const isWanted = (trial: Trial) => trial.status === 'RUNNING' || trial.id === selected;
    const rest = drawn.slice(MAX_CURVES).filter(isWanted).slice(0, MAX_CURVES);
    drawn = drawn.slice(0, MAX_CURVES - rest.length).concat(rest);
  }
  const depth = (trial: Trial) =>
    trial.id === selected ? 3 : trial === standing.best ? 2 : trial.status === 'RUNNING' ? 1 : 0;
  return drawn.reverse().sort((a, b) => depth(a) - depth(b));
}

export class CurveChart implements IChart {
  constructor(
    node: HTMLElement,
    view: ViewModel,
    colors: Colors,
    size: ISize,
    events: IChartEvents
  ) {
    this._view = view;
    this._colors = colors;
    const { extent } = view;
    const ranges = {
      x: () => [1, Math.max(2, extent.length)] as const,
      y: () => padded([extent.low, extent.high])
    };
    const options = chartOptions(size, colors, ranges, {
      series: [{}],
      focus: { alpha: VEILED },
      hooks: {
        setCursor: [() => events.onHit(this._hit())],
        setSeries: [(_, slot) => this._focus(slot)]
      }
    });
    this._plot = new uPlot(options, [[]], node);
    this._plot.over.addEventListener('click', () => {
      const hit = this._hit();
      if (hit !== null) {
        events.onPick(hit.trialId);
      }
    });
    this.draw();
  }

  draw(): void {
    const front = this._focused === null ? null : (this._trials[this._focused - 1]?.id ?? null);
    // Trials change slots, and new slots know nothing of a focus.
    this._plot.setSeries(null, { focus: true }, true);
    this._trials = curvesToDraw(this._view);
    const { length } = this._view.extent;
    const epochs = Array.from({ length }, (_, i) => i + 1);
    const curves = this._trials.map(trial => finite(trial.meanCurve(), length));
    while (this._plot.series.length <= curves.length) {
      this._addSlot();
    }
    const empty = epochs.map(() => null);
    const unused = this._plot.series.slice(1 + curves.length).map(() => empty);
    this._setWidths();
    this._plot.setData([epochs, ...curves, ...unused]);
    this.highlight(front);
  }

  resize(size: ISize): void {
    this._plot.setSize(size);
  }

  highlight(trialId: string | null): void {
    const index = this._trials.findIndex(trial => trial.id === trialId);
    const slot = index < 0 ? null : index + 1;
    if (slot !== this._focused) {
      this._plot.setSeries(slot, { focus: true }, true);
    }
  }

  dispose(): void {
    this._plot.destroy();
  }

  private _addSlot(): void {
    const stroke = (_: uPlot, slot: number) => this._stroke(slot);
    this._plot.addSeries({
      stroke,
      width: 1,
      spanGaps: true,
      points: { show: (_, slot) => this._isDot(slot), size: 5, width: 0, fill: stroke }
    });
  }

  private _focus(slot: number | null): void {
    this._focused = slot;
    this._setWidths();
  }

  private _setWidths(): void {
    const { standing } = this._view.store;
    const selected = this._view.selected.value;
    this._trials.forEach((trial, i) => {
      const isFront = trial === standing.best || trial.id === selected || this._focused === i + 1;
      const behind = trial.status === 'RUNNING' ? RUNNING_PX : 1;
      this._plot.series[i + 1].width = isFront ? FRONT_PX : behind;
    });
  }

  private _stroke(slot: number): string {
    const { store, selected } = this._view;
    const trial: Trial | undefined = this._trials[slot - 1];
    if (trial === undefined) {
      return 'transparent';
    }
    if (trial === store.standing.best) {
      return this._colors.good;
    }
    if (trial.status === 'RUNNING' && trial.id !== selected.value) {
      return this._colors.accent;
    }
    if (trial.id === selected.value || this._focused === slot) {
      return this._colors.text;
    }
    return this._trials.length > MANY_CURVES ? this._colors.veil : this._colors.faint;
  }

  /** A curve of one point is no line. */
  private _isDot(slot: number): boolean {
    const trial: Trial | undefined = this._trials[slot - 1];
    return trial?.meanCurve().filter(value => value !== null).length === 1;
  }

  private _hit(): IHit | null {
    const { left = -1, idx } = this._plot.cursor;
    const slot = this._focused;
    const trial: Trial | undefined = slot === null ? undefined : this._trials[slot - 1];
    if (left < 0 || slot === null || trial === undefined || idx === null || idx === undefined) {
      return null;
    }
    const value = this._plot.data[slot]?.[idx];
    if (value === null || value === undefined) {
      return null;
    }
    const place = chartPlace(
      this._plot,
      this._plot.valToPos(idx + 1, 'x'),
      this._plot.valToPos(value, 'y')
    );
    return { trialId: trial.id, epoch: idx + 1, value, ...place };
  }

  private readonly _view: ViewModel;
  private readonly _colors: Colors;
  private readonly _plot: uPlot;
  private _trials: Trial[] = [];
  private _focused: number | null = null;
}

/** Return a curve of this length with only numbers that can be drawn. */
function finite(curve: readonly (number | null)[], length: number): (number | null)[] {
  return Array.from({ length }, (_, i) => {
    const value = curve[i];
    return Number.isFinite(value) ? value : null;
  });
}
