/**
 * A line and dot chart on a canvas: axes, lines, dots, what lies under the mouse, one line brought to the front.
 *
 * How it works: everything is drawn on one canvas; a second one above holds only what the mouse points at, with a veil
 * below it, so that pointing never redraws the hundreds of lines.
 */
import { formatNumber } from '../format';
import type { Colors } from './theme';

export interface IStroke {
  /** The trial it belongs to, null where it belongs to none. */
  id: string | null;
  /** Places along x; null for 1, 2, 3 … */
  xs: readonly number[] | null;
  ys: readonly (number | null)[];
  color: string;
  width: number;
  isStepped?: boolean;
}

export interface IDot {
  id: string;
  x: number;
  y: number;
  color: string;
  radius: number;
}

export interface IScene {
  x: readonly [number, number];
  y: readonly [number, number];
  strokes: readonly IStroke[];
  dots: readonly IDot[];
}

/** What the mouse is on; positions in pixels of the chart. */
export interface IHit {
  id: string;
  x: number;
  value: number;
  left: number;
  top: number;
}

const TOP = 8;
const RIGHT = 8;
const BOTTOM = 22;
const NEAR_PX = 24;
const VEIL = 0.72;

/** Return about `n` round numbers that span the range. */
export function ticks(low: number, high: number, n: number, isInteger: boolean): number[] {
  const rough = (high - low) / Math.max(1, n);
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  const factor =
    [1, 2, 2.5, 5, 10].find(
      f => f * power >= rough && (!isInteger || Number.isInteger(f * power))
    ) ?? 10;
  const step = isInteger ? Math.max(1, Math.round(factor * power)) : factor * power;
  const found: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    found.push(Number((i * step).toPrecision(12)));
  }
  return found;
}

function makeCanvas(node: HTMLElement): CanvasRenderingContext2D {
  const canvas = document.createElement('canvas');
  canvas.style.cssText = 'position:absolute;left:0;top:0;width:100%;height:100%';
  node.append(canvas);
  const context = canvas.getContext('2d');
  if (context === null) {
    throw new Error('This browser draws on no canvas.');
  }
  return context;
}

export class Plot {
  constructor(node: HTMLElement, colors: Colors) {
    this._colors = colors;
    this._base = makeCanvas(node);
    this._over = makeCanvas(node);
  }

  draw(scene: IScene, width: number, height: number): void {
    this._scene = scene;
    this._width = width;
    this._height = height;
    const rows = ticks(scene.y[0], scene.y[1], (height - TOP - BOTTOM) / 34, false);
    const base = this._clear(this._base);
    const labels = rows.map(value => formatNumber(value));
    this._left = Math.ceil(Math.max(26, ...labels.map(label => base.measureText(label).width + 9)));
    this._drawAxes(base, rows, labels);
    base.save();
    base.beginPath();
    base.rect(this._left, TOP - 3, width - this._left, height - TOP - BOTTOM + 6);
    base.clip();
    scene.strokes.forEach(stroke => this._drawStroke(base, stroke));
    scene.dots.forEach(dot => this._drawDot(base, dot));
    base.restore();
    this.highlight(this._highlighted);
  }

  /** Bring one trial to the front, or none. */
  highlight(id: string | null): void {
    this._highlighted = id;
    const over = this._clear(this._over);
    const { strokes, dots } = this._scene;
    const stroke = id === null ? undefined : strokes.find(s => s.id === id);
    const dot = id === null ? undefined : dots.find(d => d.id === id);
    if (stroke !== undefined) {
      over.globalAlpha = VEIL;
      over.fillStyle = this._colors.bg;
      over.fillRect(this._left, TOP - 3, this._width - this._left, this._height - TOP - BOTTOM + 6);
      over.globalAlpha = 1;
      const color = stroke.width > 1 ? stroke.color : this._colors.text;
      this._drawStroke(over, { ...stroke, color, width: Math.max(2, stroke.width) });
    }
    if (dot !== undefined) {
      this._drawDot(over, { ...dot, color: this._colors.text, radius: dot.radius + 1.5 });
    }
  }

  /** Return what lies at a place, null where nothing is near. */
  hit(left: number, top: number): IHit | null {
    if (
      left < this._left - NEAR_PX / 2 ||
      left > this._width ||
      top < 0 ||
      top > this._height - BOTTOM + 4
    ) {
      return null;
    }
    let near = NEAR_PX;
    let found: IHit | null = null;
    const x = this._valueAt(left);
    for (const { id, ys } of this._scene.strokes) {
      const at = Math.min(ys.length, Math.max(1, Math.round(x)));
      const value = ys[at - 1];
      const between =
        id === null ? null : this._interpolate(ys, Math.min(ys.length, Math.max(1, x)));
      if (id === null || value === null || value === undefined || between === null) {
        continue;
      }
      const beyond = Math.max(0, left - this._px(ys.length));
      const distance = Math.hypot(this._py(between) - top, beyond);
      if (distance <= near) {
        near = distance;
        found = { id, x: at, value, left: this._px(at), top: this._py(value) };
      }
    }
    for (const { id, x: at, y } of this._scene.dots) {
      const [px, py] = [this._px(at), this._py(y)];
      const distance = Math.hypot(px - left, py - top);
      if (distance < near) {
        near = distance;
        found = { id, x: at, value: y, left: px, top: py };
      }
    }
    return found;
  }

  dispose(): void {
    this._base.canvas.remove();
    this._over.canvas.remove();
  }

  private _clear(context: CanvasRenderingContext2D): CanvasRenderingContext2D {
    const { canvas } = context;
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(this._width * scale);
    canvas.height = Math.round(this._height * scale);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.font = `11px ${this._colors.font}`;
    context.lineJoin = 'round';
    return context;
  }

  private _drawAxes(context: CanvasRenderingContext2D, rows: number[], labels: string[]): void {
    context.fillStyle = this._colors.soft;
    context.strokeStyle = this._colors.line;
    context.lineWidth = 1;
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    context.beginPath();
    rows.forEach((value, i) => {
      const y = Math.round(this._py(value)) + 0.5;
      context.moveTo(this._left, y);
      context.lineTo(this._width - RIGHT, y);
      context.fillText(labels[i], this._left - 7, y);
    });
    context.stroke();
    const [low, high] = this._scene.x;
    context.textAlign = 'center';
    context.textBaseline = 'bottom';
    const marks = ticks(low, high, (this._width - this._left) / 64, true);
    const isNearFirst = (mark: number) => this._px(mark) - this._px(1) < 26;
    for (const value of low === 1 ? [1, ...marks.filter(mark => !isNearFirst(mark))] : marks) {
      context.fillText(
        formatNumber(value),
        Math.min(this._px(value), this._width - RIGHT - 4),
        this._height - 2
      );
    }
  }

  private _drawStroke(context: CanvasRenderingContext2D, stroke: IStroke): void {
    const { xs, ys, color, width, isStepped } = stroke;
    context.strokeStyle = context.fillStyle = color;
    context.lineWidth = width;
    context.beginPath();
    let n = 0;
    let [x, y] = [0, 0];
    ys.forEach((value, i) => {
      if (value === null || !Number.isFinite(value)) {
        return;
      }
      const before = y;
      x = this._px(xs === null ? i + 1 : xs[i]);
      y = this._py(value);
      if (n++ === 0) {
        context.moveTo(x, y);
      } else {
        if (isStepped === true) {
          context.lineTo(x, before);
        }
        context.lineTo(x, y);
      }
    });
    if (n > 1) {
      context.stroke();
    } else if (n === 1) {
      context.beginPath();
      context.arc(x, y, 1.5 + width / 2, 0, 2 * Math.PI);
      context.fill();
    }
  }

  private _drawDot(context: CanvasRenderingContext2D, { x, y, color, radius }: IDot): void {
    context.fillStyle = color;
    context.beginPath();
    context.arc(this._px(x), this._py(y), radius, 0, 2 * Math.PI);
    context.fill();
  }

  private _px(x: number): number {
    const [low, high] = this._scene.x;
    return this._left + ((x - low) / (high - low || 1)) * (this._width - RIGHT - this._left);
  }

  private _py(y: number): number {
    const [low, high] = this._scene.y;
    return TOP + ((high - y) / (high - low || 1)) * (this._height - TOP - BOTTOM);
  }

  private _valueAt(left: number): number {
    const [low, high] = this._scene.x;
    return low + ((left - this._left) / (this._width - RIGHT - this._left)) * (high - low);
  }

  /** The height of a line between two of its points. */
  private _interpolate(ys: readonly (number | null)[], x: number): number | null {
    const before = ys[Math.floor(x) - 1] ?? null;
    const after = ys[Math.ceil(x) - 1] ?? null;
    return before === null || after === null
      ? (before ?? after)
      : before + (after - before) * (x % 1);
  }

  private readonly _colors: Colors;
  private readonly _base: CanvasRenderingContext2D;
  private readonly _over: CanvasRenderingContext2D;
  private _scene: IScene = { x: [0, 1], y: [0, 1], strokes: [], dots: [] };
  private _width = 0;
  private _height = 0;
  private _left = 0;
  private _highlighted: string | null = null;
}
